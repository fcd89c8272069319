"""Looking into an app's directory."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.dokku.apps import LOCK_NAME
from dokku_cache.model.location import TRASH_PREFIX, Entry, Location
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.sources.app_directory import is_directory, new_trash_name, read_app
from dokku_cache.tree.handles import AppDirectory, Identity
from dokku_cache.tree.mounts import Mount, read_mounts
from dokku_cache.tree.scan import Scan


def look(root: Path, app: str = "shop", mounts: tuple[Mount, ...] | None = None) -> Location:
    return read_app(str(root), app, read_mounts() if mounts is None else mounts)


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


def test_a_mount_at_it_or_below_it_is_a_fault(app: Path) -> None:
    (app / "cache").mkdir()
    at = Mount(1, "/", str(app / "cache"))
    below = Mount(1, "/", str(app / "cache/a/b"))
    for mount, said in ((at, "is a mount point"), (below, "has a mount below it")):
        found = look(app.parent, mounts=(*read_mounts(), mount))
        assert found.cache is not None
        assert said in found.cache.fault


def test_a_linked_app_directory_is_a_fault_and_is_not_entered(app: Path) -> None:
    (app / "cache").mkdir()
    (app.parent / "alias").symlink_to(app)
    found = look(app.parent, "alias")
    assert found.fault
    assert found.entries == ()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/"])
def test_what_is_no_name_of_an_app_builds_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        AppDirectory(str(tmp_path), name)


def test_names_of_trash_are_hidden_and_differ() -> None:
    """Hidden, because Dokku's clone copies what ``./*`` matches."""
    names = {new_trash_name(Scan(5, 6)) for _ in range(100)}
    assert len(names) == 100
    assert {Entry(name, Identity(1, 2)).original_size for name in names} == {(5, 6)}
    for name in ("cache", f"{TRASH_PREFIX}1", f"{TRASH_PREFIX}1.x.2", "cache.1.2"):
        assert Entry(name, Identity(1, 2)).original_size is None
    assert all(name.startswith(".") for name in names)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda path: path.symlink_to("/tmp"), ReasonCode.SYMLINK),
        (lambda path: path.write_text("x"), ReasonCode.NOT_A_DIRECTORY),
    ],
)
def test_what_is_no_directory_is_not_looked_into_and_says_so_to_programs(
    app: Path, make: Callable[[Path], object], code: ReasonCode
) -> None:
    make(app / "cache")
    found = look(app.parent)
    assert found.cache is not None
    assert found.cache.fault_code is code


def test_a_mount_says_to_programs_where_it_is(app: Path) -> None:
    (app / "cache").mkdir()
    for place, code in (("cache", ReasonCode.MOUNT_POINT), ("cache/a", ReasonCode.MOUNT_BELOW)):
        found = look(app.parent, mounts=(Mount(1, "/", str(app / place)),))
        assert found.cache is not None
        assert found.cache.fault_code is code


def test_another_file_system_is_a_fault(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (app / "cache").mkdir()
    status = os.stat

    def stat(path: object, **options: Any) -> os.stat_result:
        found = list(status(path, **options))
        found[2] += path == "cache"
        return os.stat_result(found)

    monkeypatch.setattr(os, "stat", stat)
    found = look(app.parent, mounts=())
    assert found.cache is not None
    assert "another file system" in found.cache.fault
    assert found.cache.fault_code is ReasonCode.OTHER_FILE_SYSTEM


def test_a_dead_mount_is_a_fault_and_what_cannot_be_read_otherwise_is_one_of_the_app(
    app: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (app / "cache").mkdir()
    status = os.stat

    def stat(path: object, **options: Any) -> os.stat_result:
        if path == "cache":
            raise OSError(errno.EIO, "Input/output error")
        return status(path, **options)

    monkeypatch.setattr(os, "stat", stat)
    found = look(app.parent, mounts=(Mount(1, "/", str(app / "cache")),))
    assert found.cache is not None
    assert "does not respond" in found.cache.fault
    assert found.cache.fault_code is ReasonCode.MOUNT_NOT_RESPONDING
    # A name that nothing has: no entry of it can be taken for what is there.
    assert found.cache.identity == Identity(-1, -1)
    found = look(app.parent, mounts=())
    assert "cannot be read (Input/output error)" in found.fault
    assert found.fault_code is ReasonCode.UNREADABLE


def test_what_goes_while_it_is_looked_at_is_not_there(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (app / "cache").mkdir()
    status = os.stat

    def stat(path: object, **options: Any) -> os.stat_result:
        if path == "cache":
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return status(path, **options)

    (app / f"{TRASH_PREFIX}1").mkdir()
    monkeypatch.setattr(os, "stat", stat)
    assert [entry.name for entry in look(app.parent, mounts=()).entries] == [f"{TRASH_PREFIX}1"]


def test_a_linked_app_says_where_its_cache_really_is(app: Path) -> None:
    (app / "cache").mkdir()
    (app.parent / "alias").symlink_to(app)
    found = look(app.parent, "alias")
    assert found.real_path == str(app / "cache")
    assert found.fault_code is ReasonCode.SYMLINK


def test_a_linked_app_without_a_cache_is_none_and_a_link_to_nowhere_is_a_fault(app: Path) -> None:
    (app.parent / "alias").symlink_to(app)
    (app.parent / "broken").symlink_to("nowhere")
    (app.parent / "file").touch()
    assert look(app.parent, "alias").fault == ""
    assert look(app.parent, "file").fault == ""
    broken = look(app.parent, "broken")
    assert "which cannot be read" in broken.fault
    assert broken.fault_code is ReasonCode.SYMLINK


def test_a_link_beside_it_is_no_directory_and_no_trace_is_one(app: Path) -> None:
    """A link to a directory is told from one; and a directory with the name of a trace is somebody's."""
    (app / "cache").mkdir()
    (app / "link").symlink_to("/tmp")
    (app / LOCK_NAME).mkdir()
    beside = {other.name: other for other in look(app.parent).others}
    assert not beside["link"].is_directory
    assert beside[LOCK_NAME].is_directory
    assert not beside[LOCK_NAME].is_by_install


def test_the_apps_directory_is_known_by_what_it_is(app: Path) -> None:
    assert look(app.parent).identity == Identity.of(app.stat())


def test_only_a_directory_is_one(app: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(app)
    answers = [is_directory(str(path)) for path in (app, tmp_path / "link", app / "HEAD", tmp_path / "nothing")]
    assert answers == [True, False, False, False]


def test_an_app_that_was_destroyed_meanwhile_has_no_cache_and_no_fault(tmp_path: Path) -> None:
    assert read_app(str(tmp_path), "gone", ()) == Location("gone", f"{tmp_path}/gone/cache")
