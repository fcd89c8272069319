"""Reading an app's directory."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.model.location import TRASH_PREFIX, Entry, Location
from dokku_cache.model.scan import Identity, Scan
from dokku_cache.model.state import ReasonCode
from dokku_cache.survey.app_directory import new_trash_name, read_app
from dokku_cache.tree.mounts import Mount, read_mounts

TRASH = f"{TRASH_PREFIX}0123456789abcdef.5.6"


def read(root: Path, app: str = "shop", mounts: tuple[Mount, ...] | None = None) -> Location:
    return read_app(str(root), app, read_mounts() if mounts is None else mounts)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    directory = tmp_path / "shop"
    directory.mkdir()
    (directory / "HEAD").write_text("x")
    return directory


@pytest.fixture
def ghost(tmp_path: Path) -> Path:
    (tmp_path / "shop" / "cache").mkdir(parents=True)
    return tmp_path / "shop"


def test_an_app_without_a_cache_has_no_entries(app: Path) -> None:
    found = read(app.parent)
    assert (found.cache, found.trash, found.is_bare, found.fault) == (None, (), False, "")
    assert (found.path, found.identity) == (str(app / "cache"), Identity.of(app.stat()))
    assert read(app.parent, "gone") == Location("gone", f"{app.parent}/gone/cache")


def test_only_cache_and_trash_are_entries(app: Path) -> None:
    for name in ("cache", "cache2", ".cache", "Cache", TRASH, f"{TRASH_PREFIX}backup", "dokku-cache-trash.2"):
        (app / name).mkdir()
    found = read(app.parent)
    assert [entry.name for entry in found.entries] == [TRASH, "cache"]
    assert found.cache is not None
    assert found.cache.identity == Identity.of((app / "cache").stat())


def test_a_directory_with_only_a_cache_is_bare_and_an_empty_one_is_not(ghost: Path) -> None:
    assert read(ghost.parent).is_bare
    (ghost / "config").write_text("")
    assert not read(ghost.parent).is_bare
    (ghost.parent / "new").mkdir()
    assert not read(ghost.parent, "new").is_bare


@pytest.mark.parametrize(
    ("make", "kind", "code"),
    [
        (lambda path: path.symlink_to("/tmp"), "a symbolic link", ReasonCode.SYMLINK),
        (lambda path: path.write_text("x"), "a file", ReasonCode.NOT_A_DIRECTORY),
        (os.mkfifo, "a named pipe", ReasonCode.NOT_A_DIRECTORY),
    ],
)
def test_a_cache_that_is_not_a_directory_is_a_fault(
    app: Path, make: Callable[[Path], object], kind: str, code: ReasonCode
) -> None:
    make(app / "cache")
    found = read(app.parent)
    assert found.cache is not None
    assert kind in found.cache.fault
    assert found.cache.fault_code is code


@pytest.mark.parametrize(
    ("place", "code"), [("cache", ReasonCode.MOUNT_POINT), ("cache/a/b", ReasonCode.MOUNT_BELOW)]
)
def test_a_mount_at_or_below_the_cache_is_a_fault(app: Path, place: str, code: ReasonCode) -> None:
    (app / "cache").mkdir()
    found = read(app.parent, mounts=(*read_mounts(), Mount(1, "/", str(app / place))))
    assert found.cache is not None
    assert found.cache.fault_code is code


def test_trash_names_are_hidden_and_differ() -> None:
    """Dokku's clone copies what ``./*`` matches."""
    names = {new_trash_name(Scan(5, 6)) for _ in range(100)}
    assert len(names) == 100
    assert all(name.startswith(".") for name in names)
    assert {Entry(name, Identity(1, 2)).original_size for name in names} == {(5, 6)}
    for name in ("cache", f"{TRASH_PREFIX}1", f"{TRASH_PREFIX}1.x.2", "cache.1.2"):
        assert Entry(name, Identity(1, 2)).original_size is None


def change_stat(monkeypatch: pytest.MonkeyPatch, change: Callable[[os.stat_result], os.stat_result]) -> None:
    original = os.stat

    def stat(path: object, **options: Any) -> os.stat_result:
        return change(original(path, **options)) if path == "cache" else original(path, **options)

    monkeypatch.setattr(os, "stat", stat)


def test_another_file_system_is_a_fault(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (app / "cache").mkdir()
    change_stat(monkeypatch, lambda status: os.stat_result([*status[:2], status.st_dev + 1, *status[3:]]))
    found = read(app.parent, mounts=())
    assert found.cache is not None
    assert found.cache.fault_code is ReasonCode.OTHER_FILE_SYSTEM


def test_a_mount_that_does_not_respond_is_a_fault_of_the_cache(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (app / "cache").mkdir()

    def fail(_: object) -> os.stat_result:
        raise OSError(errno.EIO, "Input/output error")

    change_stat(monkeypatch, fail)
    found = read(app.parent, mounts=(Mount(1, "/", str(app / "cache")),))
    assert found.cache is not None
    assert found.cache.fault_code is ReasonCode.MOUNT_NOT_RESPONDING
    # No directory has this identity.
    assert found.cache.identity == Identity(-1, -1)
    assert read(app.parent, mounts=()).fault_code is ReasonCode.UNREADABLE


def test_a_cache_that_vanishes_during_the_scan_is_absent(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (app / "cache").mkdir()
    (app / TRASH).mkdir()

    def fail(_: object) -> os.stat_result:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    change_stat(monkeypatch, fail)
    assert [entry.name for entry in read(app.parent, mounts=()).entries] == [TRASH]


def test_a_linked_app_directory_is_a_fault_with_its_real_path(app: Path) -> None:
    (app.parent / "alias").symlink_to(app)
    (app.parent / "broken").symlink_to("nowhere")
    (app.parent / "file").touch()
    assert read(app.parent, "alias").fault == ""
    assert read(app.parent, "file").fault == ""
    assert read(app.parent, "broken").fault_code is ReasonCode.SYMLINK
    (app / "cache").mkdir()
    found = read(app.parent, "alias")
    assert (found.fault_code, found.real_path) == (ReasonCode.SYMLINK, str(app / "cache"))
    assert found.entries == ()


@pytest.mark.parametrize(
    ("name", "content", "is_by_install"),
    [
        ("VHOST", "shop.example.com\n", True),
        ("VHOST", "shop.example.com\nshop.example.org\n", True),
        ("VHOST", "shop\n", True),
        ("VHOST", "", True),
        ("VHOST", "www.example.com\n", False),
        ("VHOST", "shop.example.com\nwww.example.com\n", False),
        ("VHOST", "\udcff\n", False),
        ("ENV", "NO_VHOST='1'\n", True),
        ("ENV", "export NO_VHOST='1'\n", True),
        ("ENV", 'NO_VHOST="1"\nSECRET="x"\n', False),
        ("ENV", "\n" * 4096, True),
        ("ENV", "\n" * 4097, False),
        ("DOCKER_OPTIONS_DEPLOY", "--restart=on-failure:10\n", True),
        ("DOCKER_OPTIONS_DEPLOY", "--restart=on-failure:10\n-v /a:/b\n", False),
        (".deploy.lock", "4711", True),
        ("nginx.conf", "", False),
    ],
)
def test_files_that_plugin_install_writes_are_no_sign_of_an_app(
    ghost: Path, name: str, content: str, *, is_by_install: bool
) -> None:
    (ghost / name).write_text(content, errors="surrogateescape")
    assert read(ghost.parent).is_bare is is_by_install


@pytest.mark.parametrize("name", ["DOCKER_OPTIONS_DEPLOY", "ENV", "VHOST", ".deploy.lock"])
@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_only_a_regular_file_is_written_by_plugin_install(
    ghost: Path, name: str, make: Callable[[Path], object]
) -> None:
    make(ghost / name)
    (other,) = read(ghost.parent).others
    assert other.is_by_install is (name == ".deploy.lock" and not other.is_directory)


def test_a_file_that_cannot_be_read_leaves_no_handle(ghost: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (ghost / "VHOST").write_text("shop\n")
    handles = len(os.listdir("/proc/self/fd"))

    def fail(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", fail)
    assert [other.is_by_install for other in read(ghost.parent).others] == [None]
    assert not read(ghost.parent).is_bare
    assert len(os.listdir("/proc/self/fd")) == handles


def test_a_link_is_not_followed_and_cannot_be_read(ghost: Path) -> None:
    (ghost / "ENV").symlink_to("nowhere")
    assert [other.is_by_install for other in read(ghost.parent).others] == [None]
