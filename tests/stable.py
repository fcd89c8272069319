"""docs/stable.yaml, what may not go within a major version: ``.venv/bin/python tests/stable.py`` adds what is new.

What is in the file and no longer in the program is refused there, until plugin.toml has the next major version.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import yaml

PROJECT = Path(__file__).parents[1]
sys.path[:0] = [str(PROJECT / "src")]

import formats  # noqa: E402 - they are no installed packages
from schemas import DOCUMENTS, VERSION  # noqa: E402

from dokku_cache.actions import help as help_action  # noqa: E402
from dokku_cache.dokku import policy  # noqa: E402
from dokku_cache.errors import ExitCode  # noqa: E402
from dokku_cache.legacy.state import CACHE_REMOVABLE, State  # noqa: E402
from dokku_cache.views import report_values  # noqa: E402
from dokku_cache.volumes.plan import GOES, Wish  # noqa: E402
from dokku_cache.volumes.state import VolumeState  # noqa: E402

FILE = PROJECT / "docs/stable.yaml"
_COMMENT = """# What is stable, with the version that brought it: docs/stability.md says what that means.
# Made from the program by tests/stable.py, which adds, and takes away nothing within a major version.
"""
#: By section, by what is stable, since which version.
Stable = dict[str, dict[str, str]]


def surface() -> dict[str, list[str]]:
    """Give what the program has now, by section."""
    return {
        "commands": list(_commands()),
        "report flags": [f"--{key}" for key in sorted({*report_values.APP_KEYS, *report_values.SERVER_KEYS})],
        "settings": list(_settings()),
        "exit codes": [f"{code.value} {code.name.lower().replace('_', '-')}" for code in ExitCode],
        "documents": list(_documents()),
        "states": list(_states()),
        "reason codes": formats.reason_codes(),
        "metrics": list(_metrics()),
        "triggers": list(_triggers()),
    }


def _commands() -> Iterator[str]:
    for name in help_action.COMMANDS:
        yield f"cache:{name}"
        for flag in help_action.command(name).all_flags:
            yield f"cache:{name} {flag.name} {flag.value}".rstrip()
            for choice in flag.choices:
                yield f"cache:{name} {flag.name} {choice}" + (", by default" if choice == flag.default else "")


def _settings() -> Iterator[str]:
    for key, default in policy.DEFAULTS.items():
        yield f"{key}, by default {default}"
        for value in policy.VALUES[key].split("|"):
            yield f"{key} {value}"
        if key in policy.OF_APPS:
            yield f"{key} for an app"


def _documents() -> Iterator[str]:
    for name in DOCUMENTS:
        yield f"{name}: schema-version {VERSION}"
    for heading in (*DOCUMENTS.values(), *formats.TABLES.values()):
        called = heading.strip("# ").replace("`", "")
        for key, kind in formats.table(heading).items():
            words, rest = re.findall(r"`([\w-]+)`", kind), kind.rpartition("`")[2]
            yield f"{called}: {key}: {f'one of some words{rest}' if words else kind}"
            for word in words:
                yield f"{called}: {key}: {word}"


def _states() -> Iterator[str]:
    """Give what goes for whom, and what stays: neither may become the other."""
    for mode, goes in CACHE_REMOVABLE.items():
        for state in State:
            yield f"{state.value} {'goes' if state in goes else 'stays'} for {mode.value}"
    for wish in Wish:
        for volume in VolumeState:
            yield f"a volume {volume.value} {'goes' if volume in GOES[wish] else 'stays'} for {wish.value}"


def _metrics() -> Iterator[str]:
    below = formats.PAGE.read_text().split("\n## Prometheus\n", 1)[1]
    for name, labels in re.findall(r"^\| `(dokku_cache_\w+)` \| (.*?) \|", below, re.MULTILINE):
        yield name
        for label in labels.replace(" ", "").split(","):
            if label:
                yield f"{name} by {label}"


def _triggers() -> Iterator[str]:
    page = (PROJECT / "docs/triggers.md").read_text()
    for name, below in re.findall(r"^### `([\w-]+)`\n(.*?)(?=^### |\Z)", page, re.MULTILINE | re.DOTALL):
        (arguments,) = re.findall(r"^- Arguments: `(.+)`$", below, re.MULTILINE)
        for place, argument in enumerate(arguments.split(), 1):
            yield f"{name}: {place} {argument}"
    # This plugin's own, which others may have.
    yield from ("post-upgrade: 1 $FROM", "post-upgrade: 2 $TO")


def read() -> tuple[str, Stable]:
    """Give the version that the file was written for, and what it holds."""
    held: Stable = yaml.safe_load(FILE.read_text())
    return held.pop("version")["now"], held


def grown(held: Stable, now: dict[str, list[str]], before: str, version: str) -> Stable:
    """Give what is stable from this version on. Raises ValueError for what would go without a new major version."""
    gone = [f"{section}: {what}" for section in held for what in held[section] if what not in now.get(section, [])]
    if gone and before.split(".", maxsplit=1)[0] == version.split(".", maxsplit=1)[0]:
        said = ["What was stable is gone, which takes the next major version:", *gone]
        raise ValueError("\n".join(said))
    return {
        section: {what: held.get(section, {}).get(what, version) for what in found} for section, found in now.items()
    }


def version() -> str:
    """Give this version of the plugin."""
    (found,) = re.findall(r'^version = "(.+)"$', (PROJECT / "plugin.toml").read_text(), re.MULTILINE)
    return str(found)


def written(held: Stable, for_version: str) -> str:
    """Give the text of the file."""
    text = yaml.safe_dump({"version": {"now": for_version}, **held}, sort_keys=False, width=1000)
    return f"{_COMMENT}{text}"


def main() -> None:
    before, held = read() if FILE.exists() else (version(), {})
    try:
        FILE.write_text(written(grown(held, surface(), before, version()), version()))
    except ValueError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
