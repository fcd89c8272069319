"""Telling whether a path is the cache."""

from pathlib import Path

import pytest

from dokku_cache.legacy.cache_path import CachePath
from dokku_cache.legacy.handles import Identity
from dokku_cache.legacy.sighting import Entry, Sighting


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    directory = tmp_path / "shop" / "cache"
    (directory / "gems").mkdir(parents=True)
    return directory


def path_of(cache: Path, host_root: str = "") -> CachePath:
    entry = Entry("cache", Identity.of(cache.stat()))
    root = str(cache.parent.parent)
    return CachePath(Sighting("shop", str(cache), entry), root, host_root or root)


def test_it_covers_itself_and_what_is_below(cache: Path) -> None:
    for path in (cache, cache / "gems", cache / "not" / "there", f"{cache}/", f"{cache}/../cache", f"//{cache}"):
        assert path_of(cache).covers(str(path)), path


def test_it_covers_nothing_above_or_beside(cache: Path) -> None:
    for path in ("/", cache.parent, cache.parent.parent, f"{cache}2", f"{cache}/..", "cache", "", "shop-cache"):
        assert not path_of(cache).covers(str(path)), path


def test_links_and_other_roots_lead_to_it(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(cache)
    assert path_of(cache).covers(str(tmp_path / "link"))
    assert path_of(cache).covers(str(tmp_path / "link" / "gems"))
    assert path_of(cache, "/on/the/host").covers("/on/the/host/shop/cache/gems")


def test_trash_is_covered_by_its_own_name(cache: Path) -> None:
    trash = Entry(".dokku-cache-trash.1", Identity(1, 2))
    path = CachePath(Sighting("shop", str(cache), None, (trash,)), "/home/dokku", "/home/dokku")
    assert path.covers("/home/dokku/shop/.dokku-cache-trash.1/x")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-v /r/shop/cache:/c", True),
        ("source=/r/shop/cache,target=/c", True),
        ("'/r/shop/cache'", True),
        ("/r/shop/cache/x", True),
        ("/r/shop/cache2", False),
        ("/r/shop/cache-old:/x", False),
        ("/r/shop", False),
    ],
)
def test_a_text_names_it_as_a_whole_path(text: str, *, expected: bool) -> None:
    path = CachePath(Sighting("shop", "/r/shop/cache"), "/r", "/r")
    assert path.is_named_in(text) is expected
