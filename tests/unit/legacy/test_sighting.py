"""Looking into an app's directory."""

import os
from pathlib import Path

import pytest

from dokku_cache.legacy.sighting import TRASH_PREFIX, Sighting, look_at_app, new_trash_name
from dokku_cache.tree.handles import AppDirectory
from dokku_cache.tree.mounts import Mount, read_mounts


def look(root: Path, app: str = "shop", mounts: tuple[Mount, ...] | None = None) -> Sighting:
    return look_at_app(str(root), app, read_mounts() if mounts is None else mounts)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    directory = tmp_path / "shop"
    directory.mkdir()
    (directory / "HEAD").write_text("x")
    return directory


def test_an_app_without_a_cache_has_no_entries(app: Path) -> None:
    found = look(app.parent)
    assert (found.cache, found.trash, found.is_bare, found.fault) == (None, (), False, "")
    assert found.path == str(app / "cache")


def test_no_app_is_like_an_app_without_a_cache(tmp_path: Path) -> None:
    assert look(tmp_path, "nobody").entries == ()


def test_cache_and_trash_are_found_and_nothing_else(app: Path) -> None:
    for name in ("cache", "cache2", ".cache", "Cache", f"{TRASH_PREFIX}1", "dokku-cache-trash.2"):
        (app / name).mkdir()
    found = look(app.parent)
    assert [entry.name for entry in found.entries] == [f"{TRASH_PREFIX}1", "cache"]
    assert found.cache is not None
    assert found.cache.identity.inode == (app / "cache").stat().st_ino


def test_a_directory_with_nothing_but_a_cache_is_bare(tmp_path: Path) -> None:
    (tmp_path / "old" / "cache").mkdir(parents=True)
    assert look(tmp_path, "old").is_bare
    (tmp_path / "old" / "config").write_text("")
    assert not look(tmp_path, "old").is_bare


def test_an_empty_directory_is_no_ghost_of_ours(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    assert not look(tmp_path, "new").is_bare


# promise: links
@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda path: path.symlink_to("/tmp"), "a symbolic link"),
        (lambda path: path.write_text("x"), "a file"),
        (os.mkfifo, "a named pipe"),
    ],
)
def test_what_is_no_directory_is_a_fault(app: Path, make: object, kind: str) -> None:
    make(app / "cache")
    found = look(app.parent)
    assert found.cache is not None
    assert kind in found.cache.fault


# promise: mounts
def test_a_mount_at_it_or_below_it_is_a_fault(app: Path) -> None:
    (app / "cache").mkdir()
    at = Mount(1, "/", str(app / "cache"))
    below = Mount(1, "/", str(app / "cache/a/b"))
    for mount, said in ((at, "is a mount point"), (below, "has a mount below it")):
        found = look(app.parent, mounts=(*read_mounts(), mount))
        assert found.cache is not None
        assert said in found.cache.fault


# promise: links
def test_a_linked_app_directory_is_a_fault_and_is_not_entered(app: Path) -> None:
    (app / "cache").mkdir()
    (app.parent / "alias").symlink_to(app)
    found = look(app.parent, "alias")
    assert found.fault
    assert found.entries == ()


# promise: empty-name
@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/"])
def test_what_is_no_name_of_an_app_builds_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        AppDirectory(str(tmp_path), name)


def test_names_of_trash_are_hidden_and_differ() -> None:
    """Hidden, because Dokku's clone copies what ``./*`` matches."""
    names = {new_trash_name() for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith(".") for name in names)
