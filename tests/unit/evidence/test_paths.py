"""Telling which cache a path means."""

import os
from pathlib import Path

import pytest

from dokku_cache.evidence.paths import CachePaths, Named, Part
from dokku_cache.model.location import Entry, Location
from dokku_cache.tree.handles import Identity
from dokku_cache.tree.mounts import Mount

from ..somebody import somebody

CACHE = frozenset({Named("shop", Part.CACHE)})
WHOLE = frozenset({Named("shop", Part.WHOLE)})


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    directory = tmp_path / "home" / "shop" / "cache"
    (directory / "gems").mkdir(parents=True)
    return directory


def paths_of(cache: Path, host_root: str = "") -> CachePaths:
    entry = Entry("cache", Identity.of(cache.stat()))
    sighting = Location("shop", str(cache), entry, identity=Identity.of(cache.parent.stat()))
    root = str(cache.parent.parent)
    return CachePaths([sighting], root, host_root or root)


def test_it_means_itself_and_what_is_below(cache: Path) -> None:
    for path in (
        cache,
        cache / "gems",
        cache / "not" / "there",
        f"{cache}/",
        f"{cache}/../cache",
        f"/{cache}",
        f"//{cache}",
    ):
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
    paths = CachePaths([Location("shop", str(cache), None, (trash,))], "/home/dokku")
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
    assert CachePaths([Location("shop", "/r/shop/cache")], "/r").named_in(text) == meant


def test_one_look_serves_any_number_of_apps(tmp_path: Path) -> None:
    """The cost of a path does not grow with the apps: it is taken apart, and looked up."""
    sightings = [Location(f"app{number}", "") for number in range(1000)]
    paths = CachePaths(sightings, str(tmp_path))
    assert paths.meant_by(f"{tmp_path}/app777/cache/x") == {Named("app777", Part.CACHE)}
    assert paths.named_in(f"-v {tmp_path}/app3/cache:/x -v {tmp_path}/app4:/y") == {
        Named("app3", Part.CACHE),
        Named("app4", Part.WHOLE),
    }


def test_a_path_that_is_none_or_depends_on_where_one_stands_means_nothing(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cache.parent)
    for path in ("cache", "./cache", ".", f"{cache}\0", "\0"):
        assert paths_of(cache).meant_by(path) == frozenset(), path
        assert not paths_of(cache).is_hidden(path)


def test_what_stands_there_is_known_under_any_name(cache: Path) -> None:
    """As by a bind mount: the path tells nothing, and what stands there is the cache."""
    entry, app = Entry("cache", Identity.of(cache.stat())), Identity.of(cache.parent.stat())
    paths = CachePaths([Location("shop", "/nowhere/dokku/shop/cache", entry, identity=app)], "/nowhere/dokku")
    for path in (cache, cache / "gems", cache / "not" / "there"):
        assert paths.meant_by(str(path)) == CACHE, path
    assert paths.meant_by(str(cache.parent)) == WHOLE
    for path in (cache.parent / "tls", cache.parent.parent, Path("/")):
        assert paths.meant_by(str(path)) == frozenset(), path


@pytest.mark.parametrize(
    ("created", "is_meant"),
    [(50, True), (100, True), (99.5, True), (101, False), (100.5, False), ("an hour ago", True), (None, True)],
)
def test_who_was_there_before_the_rename_has_the_trash_under_the_name_of_the_cache(
    created: object, *, is_meant: bool
) -> None:
    trash = Entry(".dokku-cache-trash.1", Identity(1, 2), changed=100.0)
    older = Entry(".dokku-cache-trash.2", Identity(1, 3), changed=10.0)
    blog = Location("blog", "/r/blog/cache")
    paths = CachePaths([Location("shop", "/r/shop/cache", None, (older, trash)), blog], "/r")
    expected = {Named("shop", Part.TRASH)} if is_meant else set()
    assert paths.trash_instead(frozenset({*CACHE, Named("blog", Part.CACHE)}), created) == expected
    assert paths.trash_instead(frozenset({*WHOLE, Named("shop", Part.TRASH)}), created) == frozenset()


@pytest.mark.parametrize(
    ("root", "meant"),
    [
        ("/r/shop/cache", CACHE),
        ("/r/shop/cache/gems", CACHE),
        ("/r/shop/.dokku-cache-trash.1/x", {Named("shop", Part.TRASH)}),
        ("/r/shop", WHOLE),
        ("/r/shop/tls", frozenset()),
        ("/r", frozenset()),
        ("/", frozenset()),
    ],
)
def test_a_place_on_a_disk_means_what_lies_there(root: str, meant: frozenset[Named]) -> None:
    trash = Entry(".dokku-cache-trash.1", Identity(1, 2))
    paths = CachePaths([Location("shop", "/r/shop/cache", None, (trash,)), Location("blog", "/r/blog/cache")], "/r")
    disk, other = Mount(8, "/", "/"), Mount(9, "/r/shop", "/mnt")
    assert paths.meant_by_place(Mount(8, root, "/target"), (disk, other)) == meant
    assert paths.meant_by_place(Mount(9, root, "/target"), (disk, other)) == frozenset()
    assert paths.meant_by_place(Mount(8, root, "/target"), ()) == frozenset()


def test_where_a_path_leads_that_is_closed_to_this_user_is_not_known(cache: Path, tmp_path: Path) -> None:
    for directory in (tmp_path, *tmp_path.parents[:3]):
        if directory != Path("/tmp"):
            directory.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    (tmp_path / "link").symlink_to(closed / "inner")
    paths = paths_of(cache)
    with somebody():
        assert paths.is_hidden(str(closed / "inner"))
        assert paths.is_hidden(str(tmp_path / "link"))
        for path in (tmp_path, cache, tmp_path / "not" / "there"):
            assert not paths.is_hidden(str(path)), path
    assert os.path.isdir(closed)
