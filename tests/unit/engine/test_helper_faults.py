"""What a person is told when a helper could not do everything, by who said so and where."""

import pytest

from dokku_cache.engine import helper_faults
from dokku_cache.tree.mounts import Mount

DENIED = ("rm: can't remove 'x': Operation not permitted", "rm: can't remove 'x': Permission denied")


@pytest.mark.parametrize("said", DENIED)
@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "fuse.sshfs", "9p"])
def test_where_another_machine_says_what_root_may_that_is_said(
    monkeypatch: pytest.MonkeyPatch, said: str, kind: str
) -> None:
    mounts = (Mount(1, "/", "/", "ext4"), Mount(2, "/", "/home", kind))
    monkeypatch.setattr(helper_faults, "read_mounts", lambda: mounts)
    error = helper_faults.partly_removed(said, "/home/dokku/shop/.dokku-cache-trash.0")
    assert said in str(error)
    assert f"it is {kind}" in error.hint
    assert "no_root_squash" in error.hint
    assert "chattr" not in error.hint


def test_on_a_disk_of_this_machine_it_may_be_the_immutable_attribute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper_faults, "read_mounts", lambda: (Mount(1, "/", "/", "ext4"),))
    assert "chattr" in helper_faults.partly_removed(DENIED[0], "/home/dokku/shop").hint
    assert helper_faults.partly_removed(DENIED[1], "/home/dokku/shop").hint == ""
    assert helper_faults.partly_removed("rm: can't remove 'x': Directory not empty", "/home/dokku/shop").hint == ""


@pytest.mark.parametrize("trouble", ["Read-only file system", "Input/output error", "Structure needs cleaning"])
def test_a_disk_that_fails_is_to_be_looked_at(trouble: str) -> None:
    assert "dmesg" in helper_faults.partly_removed(f"rm: can't remove 'x': {trouble}", "/home/dokku/shop").hint


@pytest.mark.parametrize("trouble", ["No space left on device", "Disk quota exceeded", "Quota exceeded"])
def test_a_quota_that_is_used_up_has_a_way_out(trouble: str) -> None:
    hint = helper_faults.partly_removed(f"rm: can't remove 'x': {trouble}", "/home/dokku/shop").hint
    assert "quota" in hint
    assert "journalctl --vacuum-size" in hint


def test_without_the_table_of_mounts_nothing_is_guessed(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed() -> tuple[Mount, ...]:
        raise PermissionError

    monkeypatch.setattr(helper_faults, "read_mounts", closed)
    assert "chattr" in helper_faults.partly_removed(DENIED[0], "/home/dokku/shop").hint
