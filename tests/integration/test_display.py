"""Whatever shows how a purge gets on: it ends, fails and delays nothing."""

import os
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from dokku_cache import cli
from dokku_cache.actions import auto_purge, post_delete, purge_legacy
from dokku_cache.context import Context
from dokku_cache.engine import helper_image
from dokku_cache.engine.client import Engine
from dokku_cache.errors import ExitCode
from dokku_cache.output import bar, outlet, progress
from dokku_cache.output.console import Console

from ..unit.output.throwing import ThrowingStream, terminal_on
from .conftest import Server, as_dokku, give, manifest

ACTIONS = {
    "by hand": (purge_legacy.run, ["shop", "blog"]),
    "all": (purge_legacy.run, ["--all", "--force"]),
    "cron": (auto_purge.run, []),
    "destroy": (post_delete.run, ["shop"]),
}


@pytest.fixture(autouse=True)
def _shows_everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bar, "START_SECONDS", 0.0)
    monkeypatch.setattr(progress, "CHANGE_SECONDS", 0.0)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    monkeypatch.setattr(outlet, "_STANDARD", {})
    monkeypatch.setenv("TERM", "xterm")


def context(server: Server, console: Console) -> Context:
    """Give a call's context, on a server with two caches of other users."""
    for name in ("shop", "blog"):
        if not (server.root / name).exists():
            server.make_cache(name, files=30)
    apps = server.root.parent / "plugins/enabled/apps"
    if not apps.exists():
        apps.mkdir()
        trigger = apps / "app-list"
        trigger.write_text('#!/bin/sh\nls "$DOKKU_ROOT"\n')
        trigger.chmod(0o755)
        give(apps, apps.parent.stat().st_uid)
    return Context(server.environment, console, Engine(server.environment.docker_host))


def run(server: Server, which: str, console: Console, monkeypatch: pytest.MonkeyPatch) -> ExitCode:
    monkeypatch.setenv("DOKKU_ROOT", server.environment.root)
    action, arguments = ACTIONS[which]
    call = context(server, console)
    return ExitCode(as_dokku(lambda: int(action(call, arguments))))


def left_of(server: Server, apps: Sequence[str]) -> list[str]:
    return [name for app in apps for name in os.listdir(server.root / app) if name != "HEAD"]


@pytest.mark.parametrize("which", ACTIONS)
def test_a_console_that_throws_at_each_of_its_calls_ends_no_purge(
    server: Server, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = ThrowingStream()
    assert run(server, which, Console(out=stream, err=stream), monkeypatch) is ExitCode.OK
    assert left_of(server, ["shop"] if which == "destroy" else ["shop", "blog"]) == []


def test_a_terminal_on_which_rich_throws_ends_no_purge(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich", None)
    with terminal_on(1), terminal_on(2):
        assert run(server, "by hand", Console(), monkeypatch) is ExitCode.OK
    assert left_of(server, ["shop", "blog"]) == []


def test_a_terminal_that_somebody_stopped_delays_no_purge(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal_on(1), terminal_on(2):
        for descriptor in (1, 2):
            termios.tcflow(descriptor, termios.TCOOFF)
        begun = time.monotonic()
        assert run(server, "by hand", Console(), monkeypatch) is ExitCode.OK
        assert time.monotonic() - begun < 20
        for descriptor in (1, 2):
            termios.tcflow(descriptor, termios.TCOON)
    assert left_of(server, ["shop", "blog"]) == []


def test_closed_pipes_end_no_purge_and_change_no_exit_code(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    call = context(server, Console())
    for variable, value in {
        "DOKKU_ROOT": call.environment.root,
        "DOKKU_LIB_ROOT": call.environment.lib_root,
        "DOKKU_LOGS_DIR": call.environment.logs_dir,
    }.items():
        monkeypatch.setenv(variable, value)

    def without_readers() -> int:
        reader, writer = os.pipe()
        os.close(reader)
        for descriptor in (1, 2):
            os.dup2(writer, descriptor)
        return cli.main(["purge-legacy", "shop", "blog"])

    assert as_dokku(without_readers) == 0
    assert left_of(server, ["shop", "blog"]) == []


def test_what_a_purge_needs_is_asked_for_before_anything_is_renamed(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(helper_image, "PYTHON", str(tmp_path / "nowhere"))
    call = Console()
    context(server, call)
    before = manifest(server.root)
    assert run(server, "by hand", call, monkeypatch) is ExitCode.FAILED
    assert manifest(server.root) == before
    assert "install-dependencies" in capfd.readouterr().err
