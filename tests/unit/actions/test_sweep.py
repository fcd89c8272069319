"""Noticing that Dokku was upgraded."""

import fcntl
import os
from pathlib import Path

import pytest

from dokku_cache.actions import sweep
from dokku_cache.dokku.environment import DokkuEnvironment


@pytest.fixture
def fired(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(
        "dokku_cache.dokku.plugn.stream", lambda *arguments, **_: calls.append(arguments) or iter(["a line"])
    )
    return calls


def fire(environment: DokkuEnvironment) -> list[str]:
    printed: list[str] = []
    sweep.fire_post_upgrade_if_due(environment, printed.append)
    return printed


def install(environment: DokkuEnvironment, version: str) -> None:
    Path(environment.lib_root, "STABLE_VERSION").write_text(version)


def test_the_first_version_is_no_upgrade(environment: DokkuEnvironment, fired: list[tuple[str, ...]]) -> None:
    install(environment, "0.38.27\n")
    assert sweep.upgraded_versions(environment) is None
    assert fire(environment) == []
    assert fired == []


def test_a_changed_version_fires_the_trigger_with_both(
    environment: DokkuEnvironment, fired: list[tuple[str, ...]]
) -> None:
    sweep.record_version(environment, "0.30.11")
    install(environment, "0.38.27\n")
    assert fire(environment) == ["a line"]
    assert fired == [("post-upgrade", "0.30.11", "0.38.27")]


def test_an_unreadable_version_is_no_upgrade(environment: DokkuEnvironment, fired: list[tuple[str, ...]]) -> None:
    sweep.record_version(environment, "0.30.11")
    assert fire(environment) == []
    assert fired == []


@pytest.mark.parametrize("damaged", [b"", b"\0" * 64, b"0.30.11\0"])
def test_a_damaged_record_is_replaced_without_a_sweep(
    environment: DokkuEnvironment, fired: list[tuple[str, ...]], damaged: bytes
) -> None:
    sweep.record_version(environment, "0.30.11")
    install(environment, "0.38.27\n")
    Path(environment.data_dir, "cache", sweep.RECORD_NAME).write_bytes(damaged)
    for _ in range(2):
        assert fire(environment) == []
    assert fired == []
    assert sweep.recorded_version(environment) == "0.38.27"


def test_only_one_process_fires_the_trigger(environment: DokkuEnvironment, fired: list[tuple[str, ...]]) -> None:
    sweep.record_version(environment, "0.30.11")
    install(environment, "0.38.27")
    with open(os.path.join(environment.data_dir, "cache/upgrade.lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert fire(environment) == []
    assert fired == []
    fire(environment)
    assert len(fired) == 1
