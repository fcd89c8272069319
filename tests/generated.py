"""Write the generated parts of docs/*.md, and of the list in ``commands``; ``.venv/bin/python tests/generated.py``

A part is between ``<!-- generated: NAME -->`` and ``<!-- end -->``. Names: ``usage COMMAND``, ``properties``,
``states``, ``reason-codes``, and ``keys SCHEMA [PART]``, where PART is a definition of the schema.
"""

import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / "src"), str(PROJECT / "tests")]

import schemas  # noqa: E402

from dokku_cache.actions.arguments import COMMANDS, Command, Flag  # noqa: E402
from dokku_cache.dokku import policy  # noqa: E402

_PART = re.compile(r"^<!-- generated: (?P<name>.+) -->\n(?:.*\n)*?<!-- end -->$", re.MULTILINE)
_HELP_LINES = re.compile(r"(?<=<<'LINES'\n).*?(?=^LINES$)", re.MULTILINE | re.DOTALL)
#: Longer lists of values are explained elsewhere.
_MAX_WIDTH = 45
_USAGE_COLUMNS = 90


def page(text: str) -> str:
    """Return a page with all generated parts up to date."""
    return _PART.sub(
        lambda found: f"<!-- generated: {found['name']} -->\n\n{_part(found['name'])}\n\n<!-- end -->", text
    )


def commands(text: str) -> str:
    """Return the file ``commands`` with its list of commands up to date."""
    lines = [f"    cache:{command.name} {command.arguments}, {command.summary}" for command in COMMANDS.values()]
    lines.append("    cache:help [<command>], Show commands and flags")
    return _HELP_LINES.sub("".join(f"{line}\n" for line in sorted(lines)), text)


def _part(name: str) -> str:
    kind, *rest = name.split()
    if kind == "keys":
        return _keys(*rest)
    if kind == "usage":
        return _usage(COMMANDS[rest[0]])
    return _TABLES[kind]()


def _usage(command: Command) -> str:
    """Return the usage of a command with each of its flags, instead of the help's ``[<flag>]``."""
    words = [f"cache:{command.name}", command.arguments.removesuffix(" [<flag>]")]
    words += [_flag(flag) for flag in command.flags if flag.name not in command.arguments]
    words += ["[<info-flag>]"] if command.takes_info_flags else []
    # A flag and its values are on one line.
    joined = " ".join(word.replace(" ", "\0") for word in words)
    lines = textwrap.fill(joined, _USAGE_COLUMNS, subsequent_indent="    ", break_on_hyphens=False)
    return "\n".join(["```text", lines.replace("\0", " "), "```"])


def _flag(flag: Flag) -> str:
    values = f" {flag.options['metavar']}" if "metavar" in flag.options else ""
    return f"[{flag.name}{values}]{'...' if flag.options.get('action') == 'append' else ''}"


def _table(titles: str, rows: Iterable[tuple[str, ...]]) -> str:
    lines = [(titles.split(", ")), ["---"] * len(titles.split(", "))]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    head, rule, *body = [*lines, *cells]
    return "\n".join([f"| {' | '.join(head)} |", f"|{'|'.join(rule)}|", *(f"| {' | '.join(row)} |" for row in body)])


def _terms(name: str) -> list[dict[str, Any]]:
    terms: list[dict[str, Any]] = schemas.schema("terms")["$defs"][name]["oneOf"]
    return terms


def _properties() -> str:
    rows = [
        (
            f"`{key}`",
            f"`{known.values}`",
            f"`{known.default}`",
            "app, global" if known.is_of_apps else "global",
            known.meaning,
        )
        for key, known in policy.PROPERTIES.items()
    ]
    return _table("property, values, default, scope, meaning", rows)


_TABLES = {
    "properties": _properties,
    "states": lambda: _table(
        "state, meaning", [(f"`{term['const']}`", term["description"]) for term in _terms("state")]
    ),
    "reason-codes": lambda: _table(
        "code, state, meaning",
        [
            (f"`{term['const']}`", ", ".join(f"`{state}`" for state in term["x-states"]), term["description"])
            for term in _terms("reason-code")
        ],
    ),
}


def _keys(name: str, part: str = "") -> str:
    schema = schemas.schema(name)
    described = schema["$defs"][part] if part else schema
    rows = [
        (f"`{key}`", " or ".join(_types(value)), value["description"])
        for key, value in described["properties"].items()
    ]
    return _table("key, type, meaning", rows)


def _types(value: dict[str, Any]) -> Iterator[str]:
    values = ", ".join(f"`{one}`" for one in value.get("enum", ()))
    if "anyOf" in value:
        for one in value["anyOf"]:
            yield from _types(one)
    elif values:
        yield values if len(values) <= _MAX_WIDTH else "string"
    elif "const" in value:
        yield "integer"
    elif "$ref" in value:
        yield value["$ref"].rpartition("/")[2]
    elif value.get("type") == "array":
        yield f"list of {' or '.join(_types(value['items']))}s"
    else:
        types = value["type"] if isinstance(value["type"], list) else [value["type"]]
        yield from ("time" if "format" in value and one == "string" else one for one in types)


def outdated() -> Iterator[tuple[Path, str]]:
    """Return each file whose generated parts are not up to date, with its new text."""
    for file in (PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md")), PROJECT / "commands"):
        text = file.read_text()
        new = commands(text) if file.name == "commands" else page(text)
        if new != text:
            yield file, new


if __name__ == "__main__":
    for path, changed in outdated():
        path.write_text(changed)
