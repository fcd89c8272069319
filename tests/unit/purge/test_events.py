"""Events for other plugins: whatever they do changes nothing here."""

import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.output import log
from dokku_cache.purge import events
from dokku_cache.tree.mounts import FileSystem

PLUGN = Path(__file__).parents[2] / "dokku/bin/plugn"


@pytest.fixture(autouse=True)
def _plugn(environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PATH", f"{PLUGN.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PLUGIN_PATH", environment.plugin_path)
    yield
    events._timed_out.clear()


def implement(environment: DokkuEnvironment, trigger: str, script: str, mode: int = 0o755) -> None:
    path = Path(environment.plugin_path, "enabled/other", trigger)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(mode)


def logged(environment: DokkuEnvironment) -> str:
    path = Path(log.path(environment.logs_dir))
    return path.read_text() if path.exists() else ""


def fire(environment: DokkuEnvironment) -> None:
    events.purged(environment, "shop", "legacy", "/home/dokku/shop/cache", (5, 6), "manual")


def test_a_trigger_gets_its_arguments_and_its_output_is_logged(environment: DokkuEnvironment) -> None:
    for trigger in (events.PURGED, events.PURGE_FAILED, events.LOW_DISK):
        implement(environment, trigger, f'printf "{trigger}"; printf "|%s" "$@"; echo; cat')
    fire(environment)
    events.purge_failed(environment, "shop", "legacy", "/x", "cron", "it\nis immutable")
    events.low_disk(environment, FileSystem("/home/dokku", 1, 100, 60, 40, 9, 8), is_low=True)
    events.low_disk(environment, FileSystem("/", 1, 100, 60, 40), is_low=False)
    said = [line.split(" ", 1) for line in logged(environment).splitlines()]
    assert all(datetime.fromisoformat(at) for at, _ in said)
    assert [line for _, line in said] == [
        "cache-purged: cache-purged|shop|legacy|/home/dokku/shop/cache|5|6|manual",
        "cache-purge-failed: cache-purge-failed|shop|legacy|/x|cron|it\\nis immutable",
        "cache-low-disk: cache-low-disk|/home/dokku|low|40|100|8|9",
        "cache-low-disk: cache-low-disk|/|ok|40|100||",
    ]


@pytest.mark.parametrize("mode", [None, 0o644])
def test_nothing_is_started_if_no_plugin_has_the_trigger(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch, mode: int | None
) -> None:
    if mode:
        implement(environment, events.PURGED, "", mode)
    monkeypatch.setattr(events.plugn, "notify", lambda *_, **__: pytest.fail("started"))
    fire(environment)
    assert logged(environment) == ""


def test_a_failed_trigger_is_logged(environment: DokkuEnvironment) -> None:
    implement(environment, events.PURGED, "exit 7")
    fire(environment)
    assert "cache-purged: trigger cache-purged failed with exit code 7\n" in logged(environment)


def test_a_trigger_that_hangs_is_killed_and_not_fired_again(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "LIMIT_SECONDS", 0.3)
    mark = Path(environment.plugin_path, "alive")
    implement(environment, events.PURGED, f"echo begun; (sleep 1; touch {mark}) & sleep 60")
    begun = time.monotonic()
    fire(environment)
    fire(environment)
    assert time.monotonic() - begun < 30
    assert logged(environment).count("begun") == 1
    assert "did not finish within 0.3 s and was killed" in logged(environment)
    time.sleep(1.5)
    assert not mark.exists()


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_a_missing_plugn_is_logged(environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    implement(environment, events.PURGED, "")
    monkeypatch.setenv("PATH", path or "/nowhere")
    fire(environment)
    assert "cannot be run" in logged(environment)


def test_too_many_open_files_are_logged(environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    implement(environment, events.PURGED, "echo said")
    handles = len(os.listdir("/proc/self/fd"))

    def fail(_name: str) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", fail)
    fire(environment)
    assert "cache-purged cannot be run: [Errno 24] Too many open files" in logged(environment)
    # A sweep over hundreds of apps must not run out of handles.
    assert len(os.listdir("/proc/self/fd")) == handles
