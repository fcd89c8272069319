"""A look into the first two levels."""

import os
import time
from pathlib import Path

import pytest

from dokku_cache.legacy import inside
from dokku_cache.legacy.inside import Inside, look_inside


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    directory = tmp_path / "cache"
    (directory / "vendor" / "bundle" / "ruby").mkdir(parents=True)
    (directory / "node").mkdir()
    (directory / "node" / "signature").touch()
    for path in (directory, *directory.rglob("*")):
        os.utime(path, (1_000_000, 1_000_000))
    return directory


def look(cache: Path, *, is_quick: bool = True) -> Inside:
    parent = os.open(cache.parent, os.O_RDONLY)
    try:
        return look_inside(parent, cache.name, is_quick=is_quick)
    finally:
        os.close(parent)


def test_it_knows_owners_names_and_the_newest_of_two_levels(cache: Path) -> None:
    found = look(cache)
    assert found.owners == {os.getuid()}
    assert found.names == {"vendor": {"bundle"}, "node": frozenset()}
    assert found.newest == 1_000_000
    assert found.is_known


def test_what_is_written_in_the_second_level_is_seen_and_below_it_is_not(cache: Path) -> None:
    os.utime(cache / "node" / "signature", (2_000_000, 2_000_000))
    assert look(cache).newest == 2_000_000
    os.utime(cache / "vendor" / "bundle" / "ruby", (3_000_000, 3_000_000))
    assert look(cache).newest == 2_000_000


def test_a_time_in_the_future_is_no_writer(cache: Path) -> None:
    os.utime(cache / "node" / "signature", (time.time() + 3600, time.time() + 3600))
    assert look(cache).newest == 1_000_000


def test_a_link_is_not_followed(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").touch()
    (cache / "link").symlink_to(tmp_path / "elsewhere")
    os.utime(cache / "link", (1_000_000, 1_000_000), follow_symlinks=False)
    os.utime(cache, (1_000_000, 1_000_000))
    assert look(cache).newest == 1_000_000
    (tmp_path / "top").symlink_to(cache)
    with pytest.raises(NotADirectoryError):
        look(tmp_path / "top")


def test_a_quick_look_ends_and_says_so(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inside, "QUICK_ENTRIES", 3)
    assert not look(cache).is_known
    assert look(cache, is_quick=False).is_known


def test_names_are_bytes(cache: Path) -> None:
    os.mkdir(os.path.join(os.fsencode(cache), b"\xff\n"))
    assert "\udcff\n" in look(cache).names
