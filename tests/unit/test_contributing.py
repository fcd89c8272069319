"""What CONTRIBUTING.md tells a newcomer to type is there, and works; and so does what its page of doors leads to."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
#: The checkout that has the history; where tests/run runs them, these files are a copy.
ORIGIN = Path(os.environ.get("TESTS_PROJECT", PROJECT))
PAGE = (PROJECT / "CONTRIBUTING.md").read_text()
DOORS = (PROJECT / "docs/contributing-doors.md").read_text()


def typed() -> list[str]:
    """Give each command of the page's blocks, without its comment."""
    lines = "".join(re.findall(r"```shell\n(.*?)```", PAGE, re.DOTALL)).splitlines()
    return [part.strip() for line in lines for part in line.split(" # ")[0].split("&&") if part.strip()]


def kinds_of_tests() -> set[str]:
    told = re.search(r"There is no kind \$kind: ([a-z0-9, ]+), or a", (PROJECT / "tests/run").read_text())
    assert told
    return set(told[1].split(", "))


def test_the_page_has_commands_of_each_kind() -> None:
    programs = {command.split()[0] for command in typed()}
    assert programs == {"apt-get", "make", "tests/run", "tests/bare"}


@pytest.mark.parametrize("command", [command for command in typed() if command.startswith("make")])
def test_a_target_is_there_and_make_alone_lists_it(command: str) -> None:
    listing = subprocess.run(
        ["make", "--no-print-directory"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    for target in command.split()[1:]:
        assert re.search(rf"^  make {target} +\S", listing.stdout, re.MULTILINE)
        subprocess.run(["make", "--dry-run", target], cwd=PROJECT, capture_output=True, check=True)


@pytest.mark.parametrize("command", [command for command in typed() if command.startswith("tests/run")])
def test_a_run_names_kinds_and_files_that_are_there_and_chooses_some_tests(command: str) -> None:
    words = shlex.split(command)[1:]
    chosen = words[: words.index("--")] if "--" in words else words
    for word in chosen:
        assert word in kinds_of_tests() or (PROJECT / word).is_file(), word
    if "--" in words:
        options = words[words.index("--") + 1 :]
        collect = [sys.executable, "-m", "pytest", "--collect-only", *(f"tests/{kind}" for kind in chosen), *options]
        done = subprocess.run(collect, cwd=PROJECT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout  # 5 is: none was chosen


@pytest.mark.parametrize("command", [command for command in typed() if command.startswith("tests/bare")])
def test_a_bare_root_is_of_a_system_that_is_supported(command: str) -> None:
    assert f"`{' '.join(command.split()[:2])}`" in (PROJECT / "docs/support.md").read_text()


def test_a_kind_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    done = subprocess.run([PROJECT / "tests/run", "integartion"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("There is no kind integartion: unit, integration, ")


def test_each_slow_test_that_is_named_is_there() -> None:
    table = PAGE.split("| test | seconds | because |\n")[1].split("\n\n")[0]
    named = re.findall(r"^\| `([a-z_-]+)(\.bats)?`: (.*?)(?:, `\w+`)? \|", table, re.MULTILINE)
    assert len(named) == len(table.splitlines()) - 1
    for file, is_bats, title in named:
        name = f"e2e/{file}.bats" if is_bats else f"*/{file}.py"
        (path,) = (PROJECT / "tests").glob(name)
        text = path.read_text() if is_bats else path.read_text().replace("_", " ")
        assert title.split(",")[0].split(": ")[0] in text, title


def test_every_kind_is_run_by_default_or_by_make_check() -> None:
    by_default = re.search(r"\|\| add ([a-z0-9 ]+)$", (PROJECT / "tests/run").read_text(), re.MULTILINE)
    assert by_default
    assert kinds_of_tests() - set(by_default[1].split()) == {"quick", "proof"}
    assert "@tests/run unit quick" in (PROJECT / "Makefile").read_text()


@pytest.mark.parametrize("path", [*(PROJECT / "subcommands").iterdir()], ids=lambda path: path.name)
def test_make_check_goes_through_each_subcommand(path: Path) -> None:
    tests = PROJECT / "tests/e2e" / f"{'help' if path.name == 'default' else path.name}.bats"
    assert re.search(r"^# bats test_tags=quick", tests.read_text(), re.MULTILINE)


@pytest.mark.parametrize(
    "place", sorted(set(re.findall(r"`((?:src|tests|docs|triggers|subcommands)/[\w./-]*)`", DOORS)))
)
def test_a_door_leads_to_a_place_that_is_there(place: str) -> None:
    assert (PROJECT / place).exists()


def test_a_door_names_a_commit_of_this_history() -> None:
    asked = ["git", "-C", str(ORIGIN), "rev-parse", "--is-shallow-repository"]
    if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() != "false":
        pytest.skip("it needs a clone with its history")
    sections = re.split(r"^## ", DOORS, flags=re.MULTILINE)[1:]
    for section in sections:
        commits = re.findall(r"`([0-9a-f]{7,40})`", section.split("Example:")[1])
        assert commits, section
        for commit in commits:
            contains = ["git", "-C", str(ORIGIN), "merge-base", "--is-ancestor", commit, "HEAD"]
            assert subprocess.run(contains, capture_output=True, check=False).returncode == 0, commit


def test_the_doors_are_those_that_the_page_promises() -> None:
    titles = re.findall(r"^## A new (.*)$", DOORS, re.MULTILINE)
    assert {title.split(" of ")[0] for title in titles} == {
        "state",
        "kind",
        "flag",
        "output format",
        "subcommand",
        "trigger",
        "setting",
    }
