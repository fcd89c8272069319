"""A look into the first two levels."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import pytest

from dokku_cache.tree import contents
from dokku_cache.tree.contents import Inside, Insight, look_at_all, look_inside

from ..somebody import somebody


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


def test_names_are_bytes(cache: Path) -> None:
    os.mkdir(os.path.join(os.fsencode(cache), b"\xff\n"))
    assert "\udcff\n" in look(cache).names


def test_two_looks_count_together_and_that_the_first_was_whole_holds() -> None:
    first, later = Inside(frozenset({1}), {"node": frozenset()}, 5.0, 1, is_whole=False), Inside(frozenset({2}))
    assert first + later == Inside(frozenset({1, 2}), {"node": frozenset()}, 5.0, 1, is_whole=False)
    assert (later + first).newest == 5.0
    assert (first + Inside(newest=9.0)).newest == 9.0
    assert (later + later).newest is None


@pytest.mark.parametrize("mode", [0o700, 0o744])
@pytest.mark.parametrize("is_top", [False, True])
def test_a_directory_that_cannot_be_looked_into_is_counted_once(cache: Path, mode: int, *, is_top: bool) -> None:
    """The one cannot be opened at all, what is in the other may be listed and not be looked at."""
    for path in (cache.parent, cache, cache / "vendor", cache / "vendor" / "bundle"):
        path.chmod(0o755)
    closed = cache if is_top else cache / "closed"
    closed.mkdir(exist_ok=True)
    (closed / "one").touch()
    (closed / "two").touch()
    if os.getuid() != 0:
        mode = 0o444 if mode == 0o744 else 0
    closed.chmod(mode)
    parent = os.open(cache.parent, os.O_RDONLY)
    try:
        with somebody():
            found = look_inside(parent, "cache")
    finally:
        closed.chmod(0o755)
        os.close(parent)
    assert found.closed == 1
    assert not found.is_known
    if not is_top:
        assert {*found.names} == {"closed", "node", "vendor"}


def test_what_was_closed_to_the_look_that_goes_on_for_the_owners_is_told(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "LOOK_ENTRIES", 1)
    seen = look(cache)
    (cache / "closed").mkdir(mode=0)
    top = os.open(cache, os.O_RDONLY)
    cache.chmod(0o755)
    with somebody():
        whole = look_at_all(top, seen)
        twice = look_at_all(top, Inside(closed=3, is_whole=False))
    os.close(top)
    assert (whole.closed, twice.closed) == (1, 4)
    assert not whole.is_known


class Meanwhile:
    """A directory's entries, with something that happens before each is looked at, and at the end."""

    def __init__(self, entries: "os._ScandirIterator[str]", happen: Callable[[str], object]) -> None:
        self._entries, self._happen = entries, happen

    def __enter__(self) -> Iterator["os.DirEntry[str]"]:
        return self._given()

    def _given(self) -> Iterator["os.DirEntry[str]"]:
        for entry in sorted(self._entries, key=lambda entry: entry.name):
            self._happen(entry.name)
            yield entry

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._entries.close()
        self._happen("")


def test_what_vanishes_meanwhile_is_passed_over(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / "a file").touch()
    scan = os.scandir

    def happen(name: str) -> None:
        if name == "a file":
            (cache / "a file").unlink()
        elif not name and (cache / "node").exists():
            (cache / "node" / "signature").unlink()
            (cache / "node").rmdir()

    monkeypatch.setattr(os, "scandir", lambda directory: Meanwhile(scan(directory), happen))
    found = look(cache)
    assert found.is_known
    assert found.names["vendor"] == {"bundle"}


def test_of_many_names_so_many_are_kept_and_it_is_said_that_there_are_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "MOST_NAMES", 2)
    insight = Insight()
    for name in ("vendor", "node"):
        insight.name(name)
    assert insight.result().has_all_names
    for name, above in (("bin", ""), ("jq", "bin"), ("a", "vendor"), ("b", "vendor"), ("c", "vendor"), ("x", "node")):
        insight.name(name, above)
    found = insight.result()
    assert found.names == {"vendor": {"a", "b"}, "node": frozenset()}
    assert not found.has_all_names


def test_names_that_were_left_out_stay_left_out_when_the_look_ends_later(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contents, "MOST_NAMES", 1)
    monkeypatch.setattr(contents, "LOOK_ENTRIES", 3)
    found = look(cache)
    assert not found.is_whole
    assert not found.has_all_names


def test_a_look_leaves_no_handle_open(cache: Path) -> None:
    before = os.listdir("/proc/self/fd")
    look(cache)
    assert os.listdir("/proc/self/fd") == before
