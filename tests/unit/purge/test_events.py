"""Events for other plugins: whatever they do changes nothing here."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.output import log
from dokku_cache.purge import recorded

PLUGN = Path(__file__).parents[2] / "dokku/bin/plugn"


@pytest.fixture(autouse=True)
def _plugn(environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PATH", f"{PLUGN.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PLUGIN_PATH", environment.plugin_path)
    yield
    recorded._timed_out.clear()


def implement(environment: DokkuEnvironment, trigger: str, script: str, mode: int = 0o755) -> None:
    path = Path(environment.plugin_path, "enabled/other", trigger)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(mode)


def logged(environment: DokkuEnvironment) -> str:
    path = Path(log.path(environment.logs_dir))
    return path.read_text() if path.exists() else ""


def fire(environment: DokkuEnvironment) -> None:
    recorded.fire(environment, recorded.PURGED, "shop", "legacy", "/home/dokku/shop/cache", "5", "6", "manual")


@pytest.mark.parametrize("mode", [None, 0o644])
def test_nothing_is_started_if_no_plugin_has_the_trigger(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch, mode: int | None
) -> None:
    if mode:
        implement(environment, recorded.PURGED, "", mode)
    monkeypatch.setattr(recorded.plugn, "notify", lambda *_, **__: pytest.fail("started"))
    fire(environment)
    assert logged(environment) == ""


def test_a_trigger_that_hangs_is_killed_and_not_fired_again(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorded, "LIMIT_SECONDS", 0.3)
    mark = Path(environment.plugin_path, "alive")
    implement(environment, recorded.PURGED, f"echo begun; (sleep 1; touch {mark}) & sleep 60")
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
    implement(environment, recorded.PURGED, "")
    monkeypatch.setenv("PATH", path or "/nowhere")
    fire(environment)
    assert "cannot be run" in logged(environment)


def test_too_many_open_files_are_logged(environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch) -> None:
    implement(environment, recorded.PURGED, "echo said")
    handles = len(os.listdir("/proc/self/fd"))

    def fail(_name: str) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "memfd_create", fail)
    fire(environment)
    assert "cache-purged cannot be run: [Errno 24] Too many open files" in logged(environment)
    # A sweep over hundreds of apps must not run out of handles.
    assert len(os.listdir("/proc/self/fd")) == handles
