"""A broken or blocked output ends, fails and delays no purge."""

import os
import subprocess
import sys
import termios
import time
from collections.abc import Sequence

import pytest

from dokku_cache.actions import cli
from dokku_cache.engine.client import Engine
from dokku_cache.model.errors import ExitCode
from dokku_cache.output import progress
from dokku_cache.output.console import Console
from dokku_cache.survey.context import Context

from ..unit.output.throwing import ThrowingStream, terminal_on
from .calling import command, environ
from .conftest import Server, as_dokku

ACTIONS = {
    "manual": ("purge-legacy", ["shop", "blog"]),
    "daily": ("auto-purge", []),
    "destroy": ("post-delete", ["shop"]),
}


@pytest.fixture(autouse=True)
def _shows_everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "START_SECONDS", 0.0)
    monkeypatch.setattr(progress, "UPDATE_SECONDS", 0.01)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    monkeypatch.setattr("dokku_cache.output.console._STANDARD", {})
    monkeypatch.setenv("TERM", "xterm")


def context(server: Server, console: Console) -> Context:
    """Return the context of a call, on a server with two caches."""
    for name in ("shop", "blog"):
        if not (server.root / name).exists():
            server.make_cache(name, files=30)
    return Context(server.environment, console, Engine(server.environment.docker_host))


def run(server: Server, which: str, console: Console) -> ExitCode:
    action, arguments = ACTIONS[which]
    call = context(server, console)
    return ExitCode(as_dokku(lambda: int(cli.run_action(call, action, arguments))))


def left_of(server: Server, apps: Sequence[str]) -> list[str]:
    return [name for app in apps for name in os.listdir(server.root / app) if name != "HEAD"]


@pytest.mark.parametrize("which", ACTIONS)
def test_a_console_that_fails_at_every_call_ends_no_purge(server: Server, which: str) -> None:
    throwing = ThrowingStream()
    assert run(server, which, Console(out=throwing, err=throwing)) is ExitCode.OK
    assert left_of(server, ["shop"] if which == "destroy" else ["shop", "blog"]) == []


@pytest.mark.parametrize("problem", ["no rich", "stopped"])
def test_a_broken_terminal_ends_and_delays_no_purge(
    server: Server, monkeypatch: pytest.MonkeyPatch, problem: str
) -> None:
    if problem == "no rich":
        for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "rich", None)
    with terminal_on(1), terminal_on(2):
        for descriptor in (1, 2) if problem == "stopped" else ():
            termios.tcflow(descriptor, termios.TCOOFF)
        begun = time.monotonic()
        assert run(server, "manual", Console()) is ExitCode.OK
        assert time.monotonic() - begun < 60
        for descriptor in (1, 2) if problem == "stopped" else ():
            termios.tcflow(descriptor, termios.TCOON)
    assert left_of(server, ["shop", "blog"]) == []


def test_closed_pipes_end_no_purge_and_change_no_exit_code(server: Server) -> None:
    context(server, Console())
    reader, writer = os.pipe()
    os.close(reader)
    command_line = command("purge-legacy", "shop", "blog")
    done = subprocess.run(command_line, env=environ(server), stdout=writer, stderr=writer, check=False, cwd="/")
    os.close(writer)
    assert done.returncode == 0
    assert left_of(server, ["shop", "blog"]) == []
