"""The errors of a helper that could not start or delete everything."""

import errno

import docker.errors
import pytest
import requests

from dokku_cache.engine import helper_faults
from dokku_cache.model.errors import NotStarted, PartlyRemoved, Unknown
from dokku_cache.tree.mounts import Mount

DIRECTORY = "/home/dokku/shop/.dokku-cache-trash.0"


def failed(*numbers: int) -> PartlyRemoved:
    return helper_faults.partly_removed({str(number): b"gems/x".hex() for number in numbers}, DIRECTORY)


def test_the_hint_names_what_an_authorization_plugin_has_to_allow() -> None:
    response = requests.Response()
    response.status_code = 403
    denied = Unknown(f"authorization denied by plugin opa for {'0a' * 32}")
    denied.__cause__ = docker.errors.APIError("denied", response)
    with pytest.raises(NotStarted) as error, helper_faults.not_started(DIRECTORY, ("/home/dokku", "/mnt/dokku")):
        raise denied
    assert str(error.value) == "authorization denied by plugin opa for"
    assert "CapAdd DAC_OVERRIDE" in error.value.hint
    assert "/mnt/dokku" in error.value.hint


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "No such container: 0a"),
        (409, "container is marked for removal and cannot be started"),
        (500, "NotFound: parent snapshot sha256:0a does not exist: not found"),
    ],
)
def test_what_a_prune_removed_between_two_calls_is_recognized(status: int, message: str) -> None:
    response = requests.Response()
    response.status_code = status
    failure = Unknown(message)
    failure.__cause__ = docker.errors.APIError(message, response)
    with pytest.raises(helper_faults.Pruned), helper_faults.not_started(DIRECTORY, ("/home/dokku", "/home/dokku")):
        raise failure


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES])
@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "fuse.sshfs", "9p"])
def test_the_hint_names_a_file_system_of_another_machine(
    monkeypatch: pytest.MonkeyPatch, number: int, kind: str
) -> None:
    mounts = (Mount(1, "/", "/", "ext4"), Mount(2, "/", "/home", kind))
    monkeypatch.setattr(helper_faults, "read_mounts", lambda: mounts)
    hint = failed(number).hint
    assert f"({kind})" in hint
    assert "no_root_squash" in hint
    assert "chattr" not in hint


def test_a_local_file_that_root_may_not_delete_may_be_immutable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper_faults, "read_mounts", lambda: (Mount(1, "/", "/", "ext4"),))
    assert "chattr" in failed(errno.EPERM).hint
    assert failed(errno.EACCES).hint == ""
    assert failed(errno.ENOTEMPTY).hint == ""


@pytest.mark.parametrize(
    ("number", "word"),
    [
        (errno.EROFS, "dmesg"),
        (errno.EIO, "dmesg"),
        (errno.EUCLEAN, "dmesg"),
        (errno.ENOSPC, "journalctl --vacuum-size"),
        (errno.EDQUOT, "quota"),
        (errno.EXDEV, "unmount it"),
        (errno.EBUSY, "unmount it"),
    ],
)
def test_each_failure_has_a_hint(number: int, word: str) -> None:
    assert word in failed(number).hint


def test_a_directory_that_is_not_empty_is_mentioned_only_if_nothing_else_failed() -> None:
    assert "Directory not empty" not in str(failed(errno.ENOTEMPTY, errno.EPERM))
    assert "gems/x: Directory not empty" in str(failed(errno.ENOTEMPTY))


def test_without_the_mount_table_the_file_system_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed() -> tuple[Mount, ...]:
        raise PermissionError

    monkeypatch.setattr(helper_faults, "read_mounts", closed)
    assert "chattr" in failed(errno.EPERM).hint
