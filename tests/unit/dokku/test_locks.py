"""Dokku's lock is looked at, ours is held."""

import errno
import fcntl
import os
import threading
import time
from pathlib import Path

import pytest

from dokku_cache.dokku import apps
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import Refused, Unknown
from dokku_cache.tree.handles import AppDirectory


@pytest.fixture(params=["lib/data/apps/shop", "home/shop"])
def lock_file(environment: DokkuEnvironment, request: pytest.FixtureRequest) -> Path:
    """Where 0.34.0 and later have it, and where earlier versions do."""
    directory = Path(environment.root).parent / request.param
    directory.mkdir(parents=True)
    return directory / ".deploy.lock"


def test_no_file_is_no_deploy_and_none_is_made(environment: DokkuEnvironment, lock_file: Path) -> None:
    assert not apps.is_being_deployed(environment, "shop")
    assert not lock_file.exists()


def test_a_file_that_nobody_holds_is_no_deploy_and_stays_as_it_is(
    environment: DokkuEnvironment, lock_file: Path
) -> None:
    lock_file.write_text("4711")
    assert not apps.is_being_deployed(environment, "shop")
    assert lock_file.read_text() == "4711"


def test_a_held_lock_is_a_deploy_and_stays_held(environment: DokkuEnvironment, lock_file: Path) -> None:
    with open(lock_file, "w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert apps.is_being_deployed(environment, "shop")
        assert apps.is_being_deployed(environment, "shop")
        assert not apps.is_being_deployed(environment, "other")
    assert not apps.is_being_deployed(environment, "shop")


def test_a_lock_that_another_deploy_takes_anew_meanwhile_is_held(
    environment: DokkuEnvironment, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who gives a lock up unlinks its file: an open handle on the old one tells nothing any more."""
    lock_file.write_text("")
    holders = []

    def take_first(lock_fd: int, kind: int, failure: str) -> bool:
        if not holders:
            lock_file.unlink()
            holders.append(open(lock_file, "w"))  # noqa: SIM115 - it stays held
            fcntl.flock(holders[0], fcntl.LOCK_EX)
            return True
        return tried(lock_fd, kind, failure)

    tried = apps._try_lock
    monkeypatch.setattr(apps, "_try_lock", take_first)
    assert apps.is_being_deployed(environment, "shop")
    holders[0].close()


def test_what_is_no_file_holds_no_lock_and_is_not_waited_for(environment: DokkuEnvironment, lock_file: Path) -> None:
    os.mkfifo(lock_file)
    assert not apps.is_being_deployed(environment, "shop")


def test_one_purge_an_app(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with AppDirectory(str(tmp_path), "shop") as first:
        apps.hold_lock(first)
        with AppDirectory(str(tmp_path), "shop") as second, pytest.raises(Refused, match="another purge"):
            apps.hold_lock(second)
    with AppDirectory(str(tmp_path), "shop") as third:
        apps.hold_lock(third)
    assert os.listdir(tmp_path / "shop") == []


def test_a_directory_that_was_replaced_is_not_worked_in(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with AppDirectory(str(tmp_path), "shop") as directory:
        (tmp_path / "shop").rename(tmp_path / "old")
        (tmp_path / "shop").mkdir()
        with pytest.raises(Refused, match="replaced"):
            apps.hold_lock(directory)


def test_the_end_of_a_deploy_is_waited_for_as_long_as_is_said(
    environment: DokkuEnvironment, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_file.touch()
    held = os.open(lock_file, os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    assert apps.is_deployed_for(environment, "shop", 0)
    threading.Timer(0.3, os.close, [held]).start()
    begun, rest, rests = time.monotonic(), time.sleep, []
    monkeypatch.setattr(time, "sleep", lambda seconds: rests.append(seconds) or rest(seconds))
    assert not apps.is_deployed_for(environment, "shop", 30)
    assert 0.2 < time.monotonic() - begun < 20
    # Else a processor would be busy with it for a quarter of an hour.
    assert 0 < len(rests) < 10


def test_a_lock_of_another_file_or_a_shared_one_is_none_of_a_deploy(
    environment: DokkuEnvironment, lock_file: Path
) -> None:
    lock_file.write_text("")
    with open(lock_file) as reader, open(lock_file.with_name("other"), "w") as other:
        fcntl.flock(reader, fcntl.LOCK_SH)
        fcntl.flock(other, fcntl.LOCK_EX)
        assert not apps.is_being_deployed(environment, "shop")


def test_a_probe_of_a_held_lock_is_in_nobodys_way(environment: DokkuEnvironment, lock_file: Path) -> None:
    with open(lock_file, "w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert apps.is_being_deployed(environment, "shop")
    with open(lock_file, "w") as next_one:  # which would fail at once
        fcntl.flock(next_one, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_probing_leaves_no_handle(environment: DokkuEnvironment, lock_file: Path) -> None:
    lock_file.write_text("")
    before = len(os.listdir("/proc/self/fd"))
    assert not apps.is_being_deployed(environment, "shop")
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_lock_that_cannot_be_opened_or_probed_is_not_known(
    environment: DokkuEnvironment, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_file.write_text("")

    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", fail)
        with pytest.raises(Unknown, match="cannot be checked"):
            apps.is_being_deployed(environment, "shop")
    lock_file.unlink()
    lock_file.symlink_to("/etc/passwd")
    with pytest.raises(Unknown, match="cannot be read"):
        apps.is_being_deployed(environment, "shop")


def test_a_directory_that_cannot_be_locked_is_not_worked_in(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    (Path(environment.root) / "shop").mkdir()

    def fail(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)
    with AppDirectory(environment.root, "shop") as directory, pytest.raises(Unknown, match="cannot be locked"):
        apps.hold_lock(directory)


def test_another_purge_is_waited_for_as_long_as_is_said_and_else_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop").mkdir()
    rest, rests = time.sleep, []
    monkeypatch.setattr(time, "sleep", lambda seconds: rests.append(seconds) or rest(seconds))
    with AppDirectory(str(tmp_path), "shop") as first, AppDirectory(str(tmp_path), "shop") as second:
        apps.hold_lock(first)
        with pytest.raises(Refused, match="another purge"):
            apps.hold_lock(second)
        assert rests == []
        threading.Timer(0.3, fcntl.flock, [first.fd, fcntl.LOCK_UN]).start()
        apps.hold_lock(second, 30)
        assert 0 < len(rests) < 50


def test_a_lock_of_another_kind_is_none_of_a_deploy(environment: DokkuEnvironment, lock_file: Path) -> None:
    with open(lock_file, "w") as holder:
        fcntl.lockf(holder, fcntl.LOCK_EX)
        assert not apps.is_being_deployed(environment, "shop")


def test_a_deploy_that_ends_while_it_is_looked_at_is_none(
    environment: DokkuEnvironment, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who gives a lock up unlinks its file."""
    lock_file.touch()
    tried = apps._try_lock
    monkeypatch.setattr(apps, "_try_lock", lambda *asked: tried(*asked) and not lock_file.unlink())
    assert not apps.is_being_deployed(environment, "shop")


def test_a_deploy_that_begins_while_the_lock_of_another_ends_is_one(
    environment: DokkuEnvironment, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_file.touch()
    holders = []

    def lstat(path: str) -> os.stat_result:
        if not holders:
            lock_file.unlink()
            holders.append(open(lock_file, "w"))  # noqa: SIM115 - it stays held
            fcntl.flock(holders[0], fcntl.LOCK_EX)
            raise FileNotFoundError(path)
        return os.stat(path, follow_symlinks=False)

    monkeypatch.setattr(os, "lstat", lstat)
    assert apps.is_being_deployed(environment, "shop")
    holders[0].close()
