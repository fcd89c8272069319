"""A look into the first two levels."""

import os
import time
from pathlib import Path

import pytest

from dokku_cache.tree import contents
from dokku_cache.tree.contents import Inside, look_at_all, look_inside


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    directory = tmp_path / "cache"
    (directory / "vendor" / "bundle" / "ruby").mkdir(parents=True)
    (directory / "node").mkdir()
    (directory / "node" / "signature").touch()
    for path in (directory, *directory.rglob("*")):
        os.utime(path, (1_000_000, 1_000_000))
    return directory


def look(cache: Path) -> Inside:
    parent = os.open(cache.parent, os.O_RDONLY)
    try:
        return look_inside(parent, cache.name)
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


# promise: links
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


@pytest.mark.parametrize("limit", [1, 2, 3, 4])
def test_a_look_ends_and_says_so_and_goes_on_for_the_owners(
    cache: Path, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(contents, "LOOK_ENTRIES", limit)
    if os.getuid() == 0:
        os.chown(cache / "node" / "signature", 12345, 12345)
        os.chown(cache / "vendor" / "bundle" / "ruby", 54321, 54321)  # below the two levels
    seen = look(cache)
    assert not seen.is_known
    assert seen.has_all_names is (limit > 2)
    top = os.open(cache, os.O_RDONLY)
    whole = look_at_all(top, seen)
    os.close(top)
    assert whole.is_known
    assert whole.owners == ({0, 12345} if os.getuid() == 0 else {os.getuid()})


# promise: names
def test_names_are_bytes(cache: Path) -> None:
    os.mkdir(os.path.join(os.fsencode(cache), b"\xff\n"))
    assert "\udcff\n" in look(cache).names
