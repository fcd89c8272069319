"""Help, usage errors and the list of commands come from one table."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dokku_cache.actions import arguments, cli
from dokku_cache.actions.arguments import COMMANDS, Command
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import UsageError
from dokku_cache.views.report import APP_KEYS, SERVER_KEYS

PROJECT = Path(__file__).parents[2]
for_each_command = pytest.mark.parametrize("command", COMMANDS.values(), ids=list(COMMANDS))


def call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/usr/bin/python3", "-I", "-B", str(PROJECT / "src"), *arguments],
        env={"PATH": "/usr/bin:/bin", "DOKKU_ROOT": "/nowhere", "DOKKU_LIB_ROOT": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_subcommand_has_a_parser_and_an_entry_point() -> None:
    files = {path.name for path in (PROJECT / "subcommands").iterdir()} - {"default"}
    assert set(COMMANDS) == set(cli.COMMANDS) == files


def test_the_list_of_commands_fits_one_screen() -> None:
    shown = subprocess.run([PROJECT / "commands", "cache:help"], capture_output=True, text=True, check=True).stdout
    assert (len(shown.splitlines()) <= 24, max(map(len, shown.splitlines())) <= 80) == (True, True)


@for_each_command
def test_a_help_has_every_flag_and_fits_one_screen(command: Command) -> None:
    lines = command.help().splitlines()
    assert lines[0].startswith(f"Usage: dokku cache:{command.name} ")
    for flag in command.flags:
        assert [line for line in lines if line.startswith(f"  {flag.name} ")]
    assert "Examples:" in lines
    assert (len(lines) <= 24, max(map(len, lines)) <= 80) == (True, True)


@for_each_command
def test_an_app_and_the_common_flags_are_accepted_in_any_order(
    command: Command, environment: DokkuEnvironment
) -> None:
    for line in ("shop --quiet --trace --force", "--quiet --trace --force shop", "--force --app shop --quiet"):
        options = arguments.parse(command.name, line.split(), environment)
        assert (options.apps, options.is_quiet, options.is_force) == (["shop"], True, True)
    before = replace(environment, flagged_app="shop", is_forced=True)
    options = arguments.parse(command.name, [], before)
    assert (options.apps, options.is_force) == (["shop"], True)
    if command.name != "set":
        with pytest.raises(UsageError, match="is empty"):  # it must not select all apps
            arguments.parse(command.name, [""], environment)


@for_each_command
def test_an_unknown_flag_is_refused_with_the_valid_ones(command: Command, environment: DokkuEnvironment) -> None:
    if command.takes_info_flags:
        assert arguments.parse(command.name, ["--nonsense"], environment).info_flags == ["--nonsense"]
        return
    with pytest.raises(UsageError) as raised:
        arguments.parse(command.name, ["--nonsense"], environment)
    assert all(flag.name in str(raised.value) for flag in command.flags)


@pytest.mark.parametrize("name", ["list", "history", "report"])
def test_commands_that_show_one_app_refuse_two(name: str, environment: DokkuEnvironment) -> None:
    with pytest.raises(UsageError):
        arguments.parse(name, ["shop", "blog"], environment)


@pytest.mark.parametrize(
    "line", ["list --format xml", "purge-legacy shop --format json", "list --sort x", "set --format json"]
)
def test_wrong_values_are_refused(line: str, environment: DokkuEnvironment) -> None:
    name, *rest = line.split()
    with pytest.raises(UsageError):
        arguments.parse(name, rest, environment)


@for_each_command
def test_examples_are_valid_command_lines(command: Command, environment: DokkuEnvironment) -> None:
    for example, _ in command.examples:
        options = arguments.parse(command.name, example.split(), environment)
        assert {flag.removeprefix("--") for flag in options.info_flags} <= {*APP_KEYS, *SERVER_KEYS}


def test_help_before_and_after_a_command_is_the_same() -> None:
    shown = call("help", "list")
    assert (shown.returncode, shown.stdout) == (0, COMMANDS["list"].help() + "\n")
    for line in (["list", "shop", "--help"], ["list", "-h"], ["help", "cache:list"]):
        assert call(*line).stdout == shown.stdout


def test_help_for_an_unknown_command_is_refused() -> None:
    done = call("help", "nonsense")
    assert done.returncode == 1
    assert "purge-legacy" in done.stderr
