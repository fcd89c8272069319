"""State files after full disks, power cuts and attacks."""

import fcntl
import os
from pathlib import Path

import pytest

from dokku_cache.dokku import state_files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import CacheError


@pytest.fixture
def file(environment: DokkuEnvironment) -> Path:
    path = Path(state_files.path(environment, "note"))
    path.parent.mkdir(parents=True)
    return path


def test_a_file_is_written_and_read_and_nothing_else_is_left(environment: DokkuEnvironment, file: Path) -> None:
    for text in ("first", "second\nline"):
        state_files.write(environment, "note", text)
        assert state_files.read(environment, "note") == text
    assert os.listdir(file.parent) == ["note"]


@pytest.mark.parametrize("content", [b"", b"\n", b"\0" * 64, b"0.38\0\0", b"\xff\xfe", b"\x1b[2J"])
def test_a_damaged_file_counts_as_missing(environment: DokkuEnvironment, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert state_files.read(environment, "note") == ""


def test_a_missing_file_or_directory_is_empty(environment: DokkuEnvironment) -> None:
    assert state_files.read(environment, "note") == ""
    Path(environment.lib_root, "data").write_text("in the way")
    assert state_files.read(environment, "note") == ""


def test_a_failed_write_keeps_the_old_file(environment: DokkuEnvironment, file: Path) -> None:
    state_files.write(environment, "note", "old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(CacheError, match="No space left"):
            state_files.write(environment, "note", "new")
    assert state_files.read(environment, "note") == "old"
    assert os.listdir(file.parent) == ["note"]


def test_a_link_is_replaced_and_not_followed(environment: DokkuEnvironment, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("foreign")
    file.symlink_to(other)
    state_files.write(environment, "note", "new")
    assert other.read_text() == "foreign"
    assert not file.is_symlink()


def test_a_lock_excludes_others_and_ends_with_its_block(environment: DokkuEnvironment, file: Path) -> None:
    with state_files.lock(environment, "note") as is_alone:
        assert is_alone
        with state_files.lock(environment, "note", wait_seconds=0.2) as is_alone_too:
            assert not is_alone_too
    with state_files.lock(environment, "note") as is_alone, file.open() as other:
        assert is_alone
        with pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
