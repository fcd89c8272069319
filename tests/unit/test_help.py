"""Help, usage errors and the list of commands say the same, as they come from one table."""

import re
import subprocess
from pathlib import Path

import pytest

from dokku_cache.actions import help as help_action
from dokku_cache.arguments import EVERYWHERE, Command, Parser
from dokku_cache.errors import UsageError
from dokku_cache.views import report_values

PROJECT = Path(__file__).parents[2]
COMMANDS = [help_action.command(name) for name in help_action.COMMANDS]
NAMES = [command.name for command in COMMANDS]


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/usr/bin/python3", "-I", "-B", str(PROJECT / "src"), *arguments],
        env={"PATH": "/usr/bin:/bin", "DOKKU_ROOT": "/nowhere", "DOKKU_LIB_ROOT": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_subcommand_has_its_help() -> None:
    doors = {path.name for path in (PROJECT / "subcommands").iterdir()} - {"default"}
    assert set(NAMES) == doors


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_the_list_of_commands_says_what_the_table_says(command: Command) -> None:
    line = f"    cache:{command.name} {command.brief}, {command.summary}"
    assert line in (PROJECT / "commands").read_text().splitlines()
    assert "," not in command.brief, "Dokku takes the line apart there"


def test_the_list_of_commands_fits_one_screen() -> None:
    shown = subprocess.run([PROJECT / "commands", "cache:help"], capture_output=True, text=True, check=True).stdout
    assert (len(shown.splitlines()) <= 24, max(map(len, shown.splitlines())) <= 80) == (True, True)


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_usage_names_every_flag_of_the_command_and_no_other(command: Command) -> None:
    named = set(re.findall(r"--[a-z-]+", command.usage))
    assert named - {"--quiet"} == {flag.name for flag in command.flags}


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_the_parser_takes_every_flag_that_the_help_shows(command: Command) -> None:
    for flag in (*command.flags, *EVERYWHERE[:-1]):
        value = flag.choices[:1] or ("x",) * bool(flag.value)
        _, unknown = Parser(command).read([flag.name, *value])
        assert unknown == []
    with pytest.raises(UsageError) as raised:
        Parser(command).read_all(["--nonsense"])
    assert f"'dokku cache:help {command.name}'" in raised.value.hint
    assert all(flag.name in str(raised.value) for flag in command.flags)


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_a_help_has_usage_every_flag_and_an_example_and_fits_one_screen(command: Command) -> None:
    lines = list(command.help())
    assert lines[0].startswith(f"Usage: dokku cache:{command.name} ")
    for flag in command.all_flags:
        assert [line for line in lines if line.startswith("    ") and flag.name in line]
    assert lines.index("Examples:") + 2 < len(lines)
    assert (len(lines) <= 24, max(map(len, lines)) <= 80) == (True, True)


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_examples_are_command_lines_that_are_taken(command: Command) -> None:
    for arguments, what in command.examples:
        _, unknown = Parser(command).read(arguments.split())
        valid = {f"--{key}" for key in (*report_values.APP_KEYS, *report_values.SERVER_KEYS)}
        assert set(unknown) <= (valid if command.name == "report" else set())
        assert what[0].islower()


@pytest.mark.parametrize("name", NAMES)
def test_help_in_front_of_a_command_and_behind_it_are_the_same(name: str) -> None:
    shown = call("help", name)
    assert shown.returncode == 0
    assert shown.stdout.splitlines() == list(help_action.command(name).help())
    for flag in ("--help", "-h"):
        behind = call(name, "shop", flag)
        assert (behind.returncode, behind.stdout, behind.stderr) == (0, shown.stdout, "")
    assert call("help", f"cache:{name}").stdout == shown.stdout


def test_help_on_what_is_no_command_is_refused() -> None:
    done = call("help", "nonsense")
    assert done.returncode == 1
    assert "purge-legacy" in done.stderr
