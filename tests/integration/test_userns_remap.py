"""An engine with user namespaces: caches have shifted uids, and the helper can delete them."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from .calling import call
from .conftest import DISK, ENGINE, Server, give

USER = "dokku-cache-remap"
FIRST_UID = 700_000


@pytest.fixture
def remapping() -> Iterator[str]:
    """A second engine, with ``--userns-remap``; returns its DOCKER_HOST."""
    directory = DISK / f"dokku-cache-remap-{os.getpid()}"
    kept = {path: path.read_text() if path.exists() else None for path in (Path("/etc/subuid"), Path("/etc/subgid"))}
    subprocess.run(["useradd", "--system", "--user-group", USER], check=True)
    for path in kept:
        with path.open("a") as file:
            file.write(f"{USER}:{FIRST_UID}:65536\n")
    try:
        subprocess.run([ENGINE / "up", directory, f"--userns-remap={USER}"], check=True)
        yield f"unix://{directory}/docker.sock"
    finally:
        subprocess.run([ENGINE / "down", directory], check=True)
        subprocess.run(["userdel", USER], check=True)
        for path, text in kept.items():
            if text is None:
                path.unlink()
            else:
                path.write_text(text)


def test_files_of_a_remapped_range_are_unverified_and_removed_with_force(server: Server, remapping: str) -> None:
    cache = server.make_cache("shop", files=200)
    give(cache, FIRST_UID + 32767)
    give(cache / "buildcache" / "gem7", FIRST_UID)
    cache.chmod(0o700)
    there = Server(replace(server.environment, docker_host=remapping), server.root)
    reported = call(there, "report", "shop", "--cache-legacy-files")
    assert (reported.returncode, reported.stdout) == (0, "200\n")
    refused = call(there, "purge-legacy", "shop")
    assert (refused.returncode, cache.exists()) == (1, True)
    assert "not verified to be a build cache" in refused.stderr
    done = call(there, "purge-legacy", "shop", "--force")
    assert done.returncode == 0, done.stderr
    assert not cache.exists()
