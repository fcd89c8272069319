"""Names of apps, Dokku's deploy lock, and the plugin's own lock."""

import errno
import fcntl
import os
import threading
import time
from pathlib import Path

import pytest

from dokku_cache.dokku import apps
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import AppNotFound, CacheError, Refused, Unknown
from dokku_cache.tree.handles import AppDirectory


@pytest.mark.parametrize("name", ["shop", "a", "0", "my-app", "my.app", "old_app", "a" * 300])
def test_names_that_dokku_accepts_are_valid(name: str) -> None:
    assert apps.is_valid(name)


@pytest.mark.parametrize(
    "name", ["", "A", "-x", "../x", ".", "..", "a/b", "a b", "a\nb", "a\n", "gr\u00fc", "_a", ".a"]
)
def test_other_names_are_invalid(name: str) -> None:
    assert not apps.is_valid(name)
    with pytest.raises(CacheError, match="App name must begin"):
        apps.verify(name, (name,))


def test_an_app_that_is_not_listed_does_not_exist() -> None:
    with pytest.raises(AppNotFound) as caught:
        apps.verify("shop", ("other",))
    assert caught.value.exit_code == 20


def test_invalid_names_in_dokkus_list_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dokku_cache.dokku.plugn.trigger", lambda *_: "b\n\na\n../x\nlost+found\nb\n")
    assert apps.visible() == ("a", "b")


@pytest.fixture(params=["lib/data/apps/shop", "home/shop"])
def lock_file(environment: DokkuEnvironment, request: pytest.FixtureRequest) -> Path:
    """Return the lock of 0.34.0 and later, and that of earlier versions."""
    directory = Path(environment.root).parent / request.param
    directory.mkdir(parents=True)
    return directory / ".deploy.lock"


def no_locks(*_: object) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


def test_a_missing_or_free_lock_is_no_deploy_and_is_not_changed(
    environment: DokkuEnvironment, lock_file: Path
) -> None:
    assert not apps.is_being_deployed(environment, "shop")
    assert not lock_file.exists()
    lock_file.write_text("4711")
    handles = len(os.listdir("/proc/self/fd"))
    assert not apps.is_being_deployed(environment, "shop")
    assert lock_file.read_text() == "4711"
    assert len(os.listdir("/proc/self/fd")) == handles


def test_a_held_lock_is_a_deploy_and_is_not_released(environment: DokkuEnvironment, lock_file: Path) -> None:
    with open(lock_file, "w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        for _ in range(2):
            assert apps.is_being_deployed(environment, "shop")
        assert not apps.is_being_deployed(environment, "other")
    with open(lock_file, "w") as next_one:
        fcntl.flock(next_one, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_shared_locks_other_kinds_and_other_files_are_no_deploy(
    environment: DokkuEnvironment, lock_file: Path
) -> None:
    lock_file.write_text("")
    with open(lock_file) as reader, open(lock_file.with_name("other"), "w") as other:
        fcntl.flock(reader, fcntl.LOCK_SH)
        fcntl.flock(other, fcntl.LOCK_EX)
        assert not apps.is_being_deployed(environment, "shop")
    with open(lock_file, "w") as holder:
        fcntl.lockf(holder, fcntl.LOCK_EX)
        assert not apps.is_being_deployed(environment, "shop")
    lock_file.unlink()
    os.mkfifo(lock_file)
    assert not apps.is_being_deployed(environment, "shop")


def test_a_deploy_that_ends_during_the_probe_is_none(
    environment: DokkuEnvironment, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_file.touch()
    try_lock = apps._try_lock
    monkeypatch.setattr(apps, "_try_lock", lambda *asked: try_lock(*asked) and not lock_file.unlink())
    assert not apps.is_being_deployed(environment, "shop")


@pytest.mark.parametrize("function", ["_try_lock", "_is_still"])
def test_a_deploy_that_starts_during_the_probe_is_one(
    environment: DokkuEnvironment, lock_file: Path, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    """A deploy unlinks the file at its end: then another deploy has a new file."""
    lock_file.touch()
    original, holders = getattr(apps, function), []

    def replace_first(*asked: object) -> bool:
        if not holders:
            lock_file.unlink()
            holders.append(open(lock_file, "w"))  # noqa: SIM115 - it stays held
            fcntl.flock(holders[0], fcntl.LOCK_EX)
        return original(*asked)

    monkeypatch.setattr(apps, function, replace_first)
    assert apps.is_being_deployed(environment, "shop")
    holders[0].close()


def test_a_lock_that_cannot_be_probed_is_unknown(
    environment: DokkuEnvironment, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_file.write_text("")
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", no_locks)
        with pytest.raises(Unknown):
            apps.is_being_deployed(environment, "shop")
    lock_file.unlink()
    lock_file.symlink_to("/etc/passwd")
    with pytest.raises(Unknown):
        apps.is_being_deployed(environment, "shop")


def test_waiting_for_a_deploy_ends_with_it_or_with_the_limit(
    environment: DokkuEnvironment, lock_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_file.touch()
    held = os.open(lock_file, os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    assert apps.is_deployed_for(environment, "shop", 0)
    threading.Timer(0.3, os.close, [held]).start()
    begun, sleep, sleeps = time.monotonic(), time.sleep, []
    monkeypatch.setattr(time, "sleep", lambda seconds: sleeps.append(seconds) or sleep(seconds))
    assert not apps.is_deployed_for(environment, "shop", 30)
    assert 0.2 < time.monotonic() - begun < 20
    assert 0 < len(sleeps) < 10


def test_only_one_purge_per_app_and_it_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with AppDirectory(str(tmp_path), "shop") as first:
        apps.hold_lock(first)
        with AppDirectory(str(tmp_path), "shop") as second, pytest.raises(Refused, match="another purge"):
            apps.hold_lock(second)
    with AppDirectory(str(tmp_path), "shop") as third:
        apps.hold_lock(third)
    assert os.listdir(tmp_path / "shop") == []


def test_a_directory_that_was_replaced_or_cannot_be_locked_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop").mkdir()
    with AppDirectory(str(tmp_path), "shop") as directory:
        (tmp_path / "shop").rename(tmp_path / "old")
        (tmp_path / "shop").mkdir()
        with pytest.raises(Refused, match="replaced"):
            apps.hold_lock(directory)
        monkeypatch.setattr(fcntl, "flock", no_locks)
        with pytest.raises(Unknown):
            apps.hold_lock(directory)
