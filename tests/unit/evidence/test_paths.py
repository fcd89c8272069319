"""Telling which cache a path means."""

from pathlib import Path

import pytest

from dokku_cache.evidence.paths import CachePaths, Named, Part
from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.tree.handles import Identity

CACHE = frozenset({Named("shop", Part.CACHE)})
WHOLE = frozenset({Named("shop", Part.WHOLE)})


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    directory = tmp_path / "home" / "shop" / "cache"
    (directory / "gems").mkdir(parents=True)
    return directory


def paths_of(cache: Path, host_root: str = "") -> CachePaths:
    entry = Entry("cache", Identity.of(cache.stat()))
    sighting = Sighting("shop", str(cache), entry, identity=Identity.of(cache.parent.stat()))
    root = str(cache.parent.parent)
    return CachePaths([sighting], root, host_root or root)


def test_it_means_itself_and_what_is_below(cache: Path) -> None:
    for path in (cache, cache / "gems", cache / "not" / "there", f"{cache}/", f"{cache}/../cache", f"//{cache}"):
        assert paths_of(cache).meant_by(str(path)) == CACHE, path


def test_the_apps_own_directory_means_it_too(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(cache.parent)
    for path in (cache.parent, f"{cache.parent}/", f"{cache}/..", f"{cache.parent}/.", tmp_path / "link"):
        assert paths_of(cache).meant_by(str(path)) == WHOLE, path


def test_nothing_above_the_app_or_beside_the_cache_means_it(cache: Path) -> None:
    root = cache.parent.parent
    others = ("/", root, root.parent, f"{cache}2", cache.parent / "tls", root / "shop2", "cache", "", "shop-cache")
    for path in others:
        assert paths_of(cache).meant_by(str(path)) == frozenset(), path


def test_links_and_other_roots_lead_to_it(cache: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(cache)
    assert paths_of(cache).meant_by(str(tmp_path / "link")) == CACHE
    assert paths_of(cache).meant_by(str(tmp_path / "link" / "gems")) == CACHE
    assert paths_of(cache, "/on/the/host").meant_by("/on/the/host/shop/cache/gems") == CACHE
    assert paths_of(cache, "/on/the/host").meant_by("/on/the/host/shop") == WHOLE


def test_trash_is_told_apart_from_the_cache(cache: Path) -> None:
    trash = Entry(".dokku-cache-trash.1", Identity(1, 2))
    paths = CachePaths([Sighting("shop", str(cache), None, (trash,))], "/home/dokku")
    assert paths.meant_by("/home/dokku/shop/.dokku-cache-trash.1/x") == {Named("shop", Part.TRASH)}
    assert paths.meant_by("/home/dokku/shop/cache") == CACHE


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("-v /r/shop/cache:/c", CACHE),
        ("source=/r/shop/cache,target=/c", CACHE),
        ("'/r/shop/cache'", CACHE),
        ("/r/shop/cache/x", CACHE),
        ("/r//shop//cache", CACHE),
        ("-v /r/shop:/app", WHOLE),
        ("-v /r/shop/:/app", WHOLE),
        ("/r/shop/cache2", frozenset()),
        ("/r/shop/cache-old:/x", frozenset()),
        ("/r/shop/tls/server.crt", frozenset()),
        ("/r/shopping", frozenset()),
        ("/r", frozenset()),
    ],
)
def test_a_text_names_it_as_a_whole_path(text: str, meant: frozenset[Named]) -> None:
    assert CachePaths([Sighting("shop", "/r/shop/cache")], "/r").named_in(text) == meant


def test_one_look_serves_any_number_of_apps(tmp_path: Path) -> None:
    """The cost of a path does not grow with the apps: it is taken apart, and looked up."""
    sightings = [Sighting(f"app{number}", "") for number in range(1000)]
    paths = CachePaths(sightings, str(tmp_path))
    assert paths.meant_by(f"{tmp_path}/app777/cache/x") == {Named("app777", Part.CACHE)}
    assert paths.named_in(f"-v {tmp_path}/app3/cache:/x -v {tmp_path}/app4:/y") == {
        Named("app3", Part.CACHE),
        Named("app4", Part.WHOLE),
    }
