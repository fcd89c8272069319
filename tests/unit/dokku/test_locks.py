"""Dokku's lock is looked at, ours is held."""

import fcntl
import os
from pathlib import Path

import pytest

from dokku_cache.dokku import locks
from dokku_cache.errors import Refused
from dokku_cache.legacy.handles import AppDirectory


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    (tmp_path / "apps/shop").mkdir(parents=True)
    return tmp_path / "apps/shop/.deploy.lock"


def test_no_file_is_no_deploy_and_none_is_made(tmp_path: Path, lock_file: Path) -> None:
    assert not locks.is_being_deployed(str(tmp_path), "shop")
    assert not lock_file.exists()


def test_a_file_that_nobody_holds_is_no_deploy_and_stays_as_it_is(tmp_path: Path, lock_file: Path) -> None:
    lock_file.write_text("4711")
    assert not locks.is_being_deployed(str(tmp_path), "shop")
    assert lock_file.read_text() == "4711"


def test_a_held_lock_is_a_deploy_and_stays_held(tmp_path: Path, lock_file: Path) -> None:
    with open(lock_file, "w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        assert locks.is_being_deployed(str(tmp_path), "shop")
        assert locks.is_being_deployed(str(tmp_path), "shop")
    assert not locks.is_being_deployed(str(tmp_path), "shop")


def test_one_purge_an_app(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with AppDirectory(str(tmp_path), "shop") as first:
        locks.hold(first)
        with AppDirectory(str(tmp_path), "shop") as second, pytest.raises(Refused, match="another purge"):
            locks.hold(second)
    with AppDirectory(str(tmp_path), "shop") as third:
        locks.hold(third)
    assert os.listdir(tmp_path / "shop") == []


def test_a_directory_that_was_replaced_is_not_worked_in(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with AppDirectory(str(tmp_path), "shop") as directory:
        (tmp_path / "shop").rename(tmp_path / "old")
        (tmp_path / "shop").mkdir()
        with pytest.raises(Refused, match="replaced"):
            locks.hold(directory)
