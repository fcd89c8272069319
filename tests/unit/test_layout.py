"""The layout itself: what Dokku's loader needs, and what the house style asks for."""

import os
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
TRIGGERS = sorted(path.name for path in (PROJECT / "triggers").iterdir())
SUBCOMMANDS = sorted(path.name for path in (PROJECT / "subcommands").iterdir())
IGNORED = {".git", ".venv", "__pycache__", ".mypy_cache", ".ruff_cache"}


def files() -> list[Path]:
    found = []
    for directory, directories, names in os.walk(PROJECT):
        directories[:] = [name for name in directories if name not in IGNORED]
        found += [Path(directory, name) for name in names + directories]
    return found


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_trigger_has_its_relative_link_at_the_top(trigger: str) -> None:
    link = PROJECT / trigger
    assert link.is_symlink()
    assert os.readlink(link) == f"triggers/{trigger}"


def test_every_link_at_the_top_is_a_trigger() -> None:
    links = {path.name for path in PROJECT.iterdir() if path.is_symlink()}
    assert links == set(TRIGGERS)


@pytest.mark.parametrize(
    "door", ["install", "commands", *(f"triggers/{t}" for t in TRIGGERS), *(f"subcommands/{s}" for s in SUBCOMMANDS)]
)
def test_a_door_is_executable_short_and_careful(door: str) -> None:
    path = PROJECT / door
    text = path.read_text()
    assert os.access(path, os.X_OK)
    assert text.startswith("#!/usr/bin/env bash\n# ")
    assert "\nset -eo pipefail\n" in text
    assert len(text.splitlines()) < 60
    assert "/src" not in re.sub("/src/(call|packages|room)", "", text)


# promise: isolated
def test_the_one_way_into_python_is_isolated() -> None:
    calls = [line for line in (PROJECT / "src/call").read_text().splitlines() if "exec" in line]
    assert calls == ['[[ ! -x /usr/bin/python3 ]] || exec /usr/bin/python3 -I "$source_directory" "$@"']


def test_nothing_below_the_top_is_named_commands() -> None:
    """Dokku runs every file of that name, at any depth, for its help (0.38.27, the dokku script)."""
    assert [path for path in files() if path.name == "commands" and path.parent != PROJECT] == []


def test_subcommands_are_files_only() -> None:
    """An executable folder would count as a command."""
    assert [path for path in (PROJECT / "subcommands").iterdir() if not path.is_file()] == []


@pytest.mark.parametrize("verb", [name for name in SUBCOMMANDS if name != "default"])
def test_a_subcommand_has_its_action_its_tests_and_its_line_in_the_help(verb: str) -> None:
    assert (PROJECT / f"src/dokku_cache/actions/{verb.replace('-', '_')}.py").is_file()
    assert (PROJECT / f"tests/e2e/{verb}.bats").is_file()
    listing = subprocess.run([PROJECT / "commands", "cache:help"], capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^    cache:{verb}\b", listing, re.MULTILINE)


@pytest.mark.parametrize("verb", [name for name in SUBCOMMANDS if name != "default"])
def test_a_subcommand_has_its_section_among_the_commands(verb: str) -> None:
    assert f"### `cache:{verb}`" in (PROJECT / "docs/commands.md").read_text()


def test_every_action_has_a_door() -> None:
    from dokku_cache.cli import ACTIONS

    doors = [
        PROJECT / "install",
        PROJECT / "commands",
        *(PROJECT / "triggers").iterdir(),
        *(PROJECT / "subcommands").iterdir(),
    ]
    text = "".join(door.read_text() for door in doors)
    started_by_us = {"relieve", "upgraded"}
    assert {action for action in ACTIONS if f'/src/call" {action}' not in text} == started_by_us
    modules = {path.stem.replace("_", "-") for path in (PROJECT / "src/dokku_cache/actions").glob("[a-z]*.py")}
    assert modules == set(ACTIONS)


def test_no_source_file_has_to_be_scrolled_for_long() -> None:
    long = {
        path.name: lines
        for path in files()
        if path.suffix == ".py" and (lines := path.read_bytes().count(b"\n")) > 400
    }
    assert long == {}
    assert [path.name for path in (PROJECT / "src").rglob("*.py") if path.read_bytes().count(b"\n") > 250] == []


def test_the_core_knows_no_docker_no_dokku_and_prints_nothing() -> None:
    for path in (PROJECT / "src/dokku_cache/legacy").glob("*.py"):
        text = path.read_text()
        assert not re.search(r"^\s*(from|import) (docker|dokku_cache\.(dokku|engine|output))", text, re.MULTILINE), (
            path
        )
        assert "print(" not in text
        assert "sys.std" not in text


# promise: outside
def test_only_the_remover_removes() -> None:
    removing = re.compile(r"\bos\.(unlink|remove|rmdir|removedirs)\b|shutil\.rmtree|\.unlink\(|\.rmdir\(")
    found = {path.name for path in (PROJECT / "src").rglob("*.py") if removing.search(path.read_text())}
    assert found == {"remove.py", "emptying.py"}


def test_heavy_packages_are_imported_late() -> None:
    """Importing the docker SDK takes 0.3 s: no module does it at its top."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import dokku_cache.actions.report, dokku_cache.cli; "
        "print([m for m in ('docker', 'yaml', 'rich', 'requests') if m in sys.modules])"
    )
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-B", "-c", code, str(PROJECT / "src")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
