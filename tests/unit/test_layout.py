"""The layout itself: what Dokku's loader needs, and what the house style asks for."""

import os
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
TRIGGERS = sorted(path.name for path in (PROJECT / "triggers").iterdir())
SUBCOMMANDS = sorted(path.name for path in (PROJECT / "subcommands").iterdir())
#: Each package imports only from those after it (docs/architecture.md).
PACKAGES = ["actions", "views", "purge", "survey", "rules", "engine", "dokku", "output", "tree", "model"]
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


def test_nothing_below_the_top_is_named_commands() -> None:
    """Dokku runs every file of that name, at any depth, for its help (0.38.27, the dokku script)."""
    assert [path for path in files() if path.name == "commands" and path.parent != PROJECT] == []


def test_subcommands_are_files_only() -> None:
    """An executable folder would count as a command."""
    assert [path for path in (PROJECT / "subcommands").iterdir() if not path.is_file()] == []


def test_heavy_packages_are_imported_late() -> None:
    """Importing the docker SDK takes 0.3 s: no module does it at its top."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import dokku_cache.actions.information; "
        "import dokku_cache.actions.cli; "
        "print([m for m in ('docker', 'yaml', 'rich', 'requests') if m in sys.modules])"
    )
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-B", "-c", code, str(PROJECT / "src")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_from_those_below_it(package: str) -> None:
    source = "".join(path.read_text() for path in (PROJECT / "src/dokku_cache" / package).glob("*.py"))
    imported = set(re.findall(r"dokku_cache\.([a-z]+)", source)) & set(PACKAGES)
    assert imported <= set(PACKAGES[PACKAGES.index(package) :])


def test_every_package_has_its_place_in_that_order() -> None:
    assert sorted(PACKAGES) == sorted(
        path.parent.name for path in (PROJECT / "src/dokku_cache").glob("*/__init__.py")
    )
