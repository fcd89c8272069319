"""A disk without free bytes or inodes, for the engine and for Dokku, or one that became read-only.

A purge works all the same, or says what Docker needs and changes nothing (moby/moby#36473, docker/for-linux#214).
"""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from dokku_cache.engine import helper_image
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.model.errors import PartlyRemoved
from dokku_cache.model.scan import Identity, ignore

from . import trees
from .calling import call
from .conftest import DISK, ENGINE, Server, give, manifest


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small disk with ext4, and nothing reserved for root."""
    directory = DISK / f"dokku-cache-full-{os.getpid()}"
    mounted = directory / "disk"
    mounted.mkdir(parents=True)
    subprocess.run(["truncate", "--size", "200M", directory / "image"], check=True)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-N", "4096", directory / "image"], check=True)
    if subprocess.run(["mount", "-o", "loop", directory / "image", mounted], check=False).returncode:
        pytest.skip("it needs a loop device")
    mounted.chmod(0o755)
    yield mounted
    subprocess.run(["umount", "--lazy", mounted], check=True)
    subprocess.run(["rm", "-rf", directory], check=True)


@pytest.fixture
def there(server: Server, disk: Path) -> Iterator[Server]:
    """A server and an engine with all their data on that disk."""
    root = disk / "home"
    root.mkdir()
    give(root, server.root.stat().st_uid)
    subprocess.run([ENGINE / "up", disk / "engine"], check=True)
    host = f"unix://{disk}/engine/docker.sock"
    yield Server(replace(server.environment, root=str(root), host_root=str(root), docker_host=host), root)
    fill_up(disk, undo=True)
    subprocess.run([ENGINE / "down", disk / "engine"], check=True)


def fill_up(disk: Path, *, inodes: bool = False, undo: bool = False) -> None:
    """Use all free blocks or inodes; or free them again."""
    filler = disk / "filler"
    if undo:
        subprocess.run(["rm", "-rf", filler], check=True)
        return
    filler.mkdir()
    with suppress(OSError):
        for number in range(1 << 20 if inodes else 0):
            os.mknod(filler / str(number))
    for size in (1 << 20, 1 << 12) if not inodes else ():
        with suppress(OSError), open(filler / f"of-{size}", "wb", buffering=0) as file:
            while file.write(b"x" * size):
                pass
    with pytest.raises(OSError, match="No space left"):
        (filler / "more").write_bytes(b"x" * (1 << 13))


@pytest.mark.parametrize(
    ("inodes", "is_imported"),
    [(False, True), (True, False), (False, False)],
    ids=["no bytes", "no inodes and no image", "no bytes and no image"],
)
def test_a_purge_works_or_says_what_docker_needs(there: Server, disk: Path, inodes: bool, is_imported: bool) -> None:
    cache = there.make_cache("shop", files=300)
    # An engine that never had an image cannot create their directory later (Docker 29 with containerd's store).
    engine = Engine(there.environment.docker_host)
    helper_image.ensure(engine)
    if not is_imported:
        helper_image.remove(engine)
    fill_up(disk, inodes=inodes)
    before = manifest(cache.parent)
    done = call(there, "purge-legacy", "shop")
    if done.returncode:
        assert done.returncode == 1
        assert "no space left on device" in done.stderr.lower()
        assert done.stderr.startswith((" !     shop: ", " !     The legacy cache of shop was not removed: "))
        assert "needs a few MB and inodes to start a container" in done.stderr
        assert "journalctl --vacuum-size" in done.stderr
        assert manifest(cache.parent) == before
        fill_up(disk, undo=True)
        done = call(there, "purge-legacy", "shop")
    assert done.returncode == 0, done.stderr
    assert os.listdir(cache.parent) == ["HEAD"]


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raise TimeoutError if the block takes longer."""

    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_the_helper_ends_on_a_disk_that_became_read_only(engine: Engine, disk: Path) -> None:
    """As after an error of the disk (ext4(5), errors=remount-ro)."""
    cache = disk / "cache"
    cache.mkdir()
    trees.many(cache, 300)
    give(cache, 32767)
    identity, before = Identity.of(cache.stat()), manifest(cache)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    with pytest.raises(PartlyRemoved, match="Read-only file system") as caught, at_most(30):
        Helper(engine, "shop", str(disk), str(disk)).delete(str(cache), identity, ignore)
    assert "dmesg" in caught.value.hint
    assert manifest(cache) == before
