"""docs/reference.md, made from the program: ``.venv/bin/python tests/reference.py`` writes it anew."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / "src")]

from formats import PAGE as FORMATS  # noqa: E402 - they are no installed packages

from dokku_cache.actions import help as help_action  # noqa: E402
from dokku_cache.dokku import policy  # noqa: E402
from dokku_cache.errors import EXIT_MEANINGS, ExitCode  # noqa: E402
from dokku_cache.output import log  # noqa: E402
from dokku_cache.purge import events  # noqa: E402
from dokku_cache.views import report_values  # noqa: E402

PAGE = PROJECT / "docs/reference.md"
_BEGIN = """# Reference

Everything that the plugin takes and gives, made from the program by `tests/reference.py`; a test fails when
it is stale. What a message means is in [troubleshooting](troubleshooting.md), what programs get in
[formats](formats.md)."""


def written() -> str:
    """Give the text of the page."""
    parts = [_BEGIN, _commands(), _keys(), _settings(), _formats(), _triggers(), _exit_codes()]
    return "\n\n".join(parts) + "\n"


def _commands() -> str:
    shown = [
        "## Commands",
        "`dokku cache:help` lists them; `dokku cache:help <command>`, or `--help` behind one, shows what is below.",
    ]
    for name in help_action.COMMANDS:
        lines = "\n".join(help_action.command(name).help())
        shown += [f"### cache:{name}", f"```\n{lines}\n```"]
    return "\n\n".join(shown)


def _keys() -> str:
    return "\n\n".join(
        f"## Keys of `{called}`\n\n"
        f"Each is an info flag too. In json and yaml they lack `cache-`.\n\n"
        f"{_table(('key', 'meaning'), _with_meanings(keys, heading))}"
        for called, keys, heading in (
            ("cache:report", report_values.APP_KEYS, "## `cache:report`"),
            ("cache:report --global", report_values.SERVER_KEYS, "## `cache:report --global`"),
        )
    )


def _with_meanings(keys: tuple[str, ...], heading: str) -> Iterator[tuple[str, ...]]:
    below = FORMATS.read_text().split(f"\n{heading}\n", 1)[1].split("\n## ")[0]
    meanings = dict(re.findall(r"^\| `([\w-]+)` \| .*? \| (.+) \|$", below, re.MULTILINE))
    for key in sorted(keys):
        meaning = meanings[key.removeprefix("cache-")]
        yield f"`--{key}`", re.sub(r"\[(.+?)\]\((#.+?)\)", r"[\1](formats.md\2)", meaning)


def _settings() -> str:
    rows = [
        (
            f"`{key}`",
            f"`{policy.VALUES[key].replace('|', chr(92) + '|')}`",
            f"`{default}`",
            "yes" if key in policy.OF_APPS else "no",
            policy.MEANINGS[key].removeprefix("--global only: "),
        )
        for key, default in policy.DEFAULTS.items()
    ]
    table = _table(("property", "value", "default", "for an app", "meaning"), rows)
    return f"## Settings\n\nSet by `dokku cache:set`; Dokku's own `skip-cleanup` is heeded too.\n\n{table}"


def _formats() -> str:
    rows = []
    for name in help_action.COMMANDS:
        for flag in help_action.command(name).flags:
            if flag.name == "--format":
                rows.append((f"`cache:{name}`", ", ".join(f"`{choice}`" for choice in flag.choices), flag.meaning))
    return f"## Formats\n\n{_table(('command', '`--format`', 'what for'), rows)}"


def _triggers() -> str:
    doors = [PROJECT / "install", *sorted((PROJECT / "triggers").iterdir())]
    rows = [_trigger(door) for door in doors]
    fired = ", ".join(f"`{name}`" for name in (events.PURGED, events.PURGE_FAILED, events.PRESSURE))
    table = _table(("trigger", "when, and what for"), rows)
    return (
        f"## Triggers\n\nDokku's that the plugin has, and its own `post-upgrade`:\n\n{table}\n\n"
        f"For other plugins it fires {fired}: [triggers](triggers.md).\n"
        f"What happens by itself is in `{log.FILE_NAME}` of Dokku's log directory."
    )


def _trigger(door: Path) -> tuple[str, str]:
    comment = " ".join(re.findall(r"^# (.*)$", door.read_text().split("\nset -eo")[0], re.MULTILINE))
    found = re.fullmatch(r"Trigger `(?P<called>.+?)`: (?P<what>.+)", comment)
    assert found, door
    return f"`{found['called']}`", found["what"]


def _exit_codes() -> str:
    rows = [(f"{code.value}", EXIT_MEANINGS[code]) for code in ExitCode]
    return f"## Exit codes\n\nOf several apps, the worst.\n\n{_table(('code', 'meaning'), rows)}"


def _table(titles: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> str:
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(written())
