"""Purging on btrfs: used-up quotas, and snapshots that keep removed data."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from .calling import call
from .conftest import DISK, Server, give, manifest


@pytest.fixture
def there(server: Server) -> Iterator[Server]:
    """A server with Dokku's root in a subvolume of its own."""
    directory = DISK / f"dokku-cache-btrfs-{os.getpid()}"
    mounted = directory / "disk"
    mounted.mkdir(parents=True)
    subprocess.run(["truncate", "--size", "400M", directory / "image"], check=True)
    subprocess.run(["mkfs.btrfs", "-q", directory / "image"], check=True, capture_output=True)
    if subprocess.run(["mount", "-o", "loop", directory / "image", mounted], check=False).returncode:
        pytest.skip("it needs a loop device and btrfs")
    root = mounted / "home"
    btrfs("subvolume", "create", root)
    mounted.chmod(0o755)
    give(root, server.root.stat().st_uid)
    yield Server(replace(server.environment, root=str(root), host_root=str(root)), root)
    subprocess.run(["umount", "--lazy", mounted], check=True)
    subprocess.run(["rm", "-rf", directory], check=True)


def btrfs(*arguments: object) -> None:
    subprocess.run(["btrfs", *map(str, arguments)], check=True, capture_output=True)


def fill_up(directory: Path) -> None:
    with suppress(OSError), open(directory / "filler", "wb", buffering=0) as file:
        while file.write(b"x" * (1 << 20)):
            os.fsync(file.fileno())
    for number in range(1 << 17):
        (directory / f"filler{number}").touch()


def test_a_used_up_quota_keeps_the_cache_with_a_hint(there: Server) -> None:
    cache = there.make_cache("shop", files=300)
    btrfs("quota", "enable", there.root.parent)
    btrfs("qgroup", "limit", "24M", there.root)
    with pytest.raises(OSError, match="quota"):
        fill_up(there.root)
    before = manifest(cache.parent)
    done = call(there, "purge-legacy", "shop")
    assert done.returncode == 1
    assert "Disk quota exceeded" in done.stderr
    assert "raise the quota" in done.stderr
    assert manifest(cache.parent) == before
    btrfs("qgroup", "limit", "none", there.root)
    done = call(there, "purge-legacy", "shop")
    assert done.returncode == 0, done.stderr
    assert not cache.exists()


def test_space_that_a_snapshot_holds_is_mentioned(there: Server) -> None:
    cache = there.make_cache("shop", files=20)
    (cache / "buildcache").mkdir(exist_ok=True)
    (cache / "buildcache/slug").write_bytes(os.urandom(40 << 20))
    subprocess.run(["chown", "-R", "32767:32767", cache], check=True)
    subprocess.run(["sync", "--file-system", there.root], check=True)
    btrfs("subvolume", "snapshot", there.root, Path(there.root.parent, "snapshot"))
    done = call(there, "purge-legacy", "shop", "--force")
    assert done.returncode == 0, done.stderr
    assert not cache.exists()
    assert "Free space on" in done.stdout
    assert "Snapshots" in done.stdout
