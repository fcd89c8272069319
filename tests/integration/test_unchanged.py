"""Reading commands change nothing: neither in the engine, nor in Dokku, nor in a file."""

import hashlib
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .calling import call, environ
from .conftest import Server, give

#: The triggers of Dokku that change nothing.
READING_TRIGGERS = {"app-list", "docker-args-build", "docker-args-deploy", "docker-args-run"}
#: The events of a helper that scans what the dokku user may not read, and of the import of its image.
HELPER_EVENTS = {f"container {action}" for action in ("create", "attach", "start", "die", "kill", "destroy")}
IMAGE_EVENTS = {"image import", "image tag", "image create"}
SCANS = (
    ("list",),
    ("list", "--format", "json"),
    ("report",),
    ("report", "shop", "--format", "yaml"),
    ("report", "--global"),
    ("purge-legacy", "--all", "--dry-run"),
)
#: Reading commands that need no helper.
READS = (
    ("dokku-report",),
    ("history",),
    ("history", "shop", "--format", "json"),
    ("report", "shop", "--cache-legacy-path"),
    ("purge-volumes", "shop", "--dry-run"),
    ("purge-volumes", "--orphaned", "--dry-run"),
    ("list", "--kind", "herokuish", "--kind", "pack", "--kind", "engine"),
)
#: Commands that are refused, with their exit codes.
REFUSALS = (
    (("purge-legacy", "wiki"), 1),
    (("purge-legacy", "linked"), 1),
    (("purge-legacy", "unknown"), 20),
    (("purge-legacy", "--all"), 1),
    (("purge-legacy", "--all", "shop"), 1),
    (("report", "unknown"), 20),
    (("list", "--format", "xml"), 1),
    (("history", "unknown", "--format", "xml"), 1),
    (("set", "shop", "auto-purge", "perhaps"), 1),
    (("set", "unknown", "auto-purge", "false"), 20),
    (("auto-purge", "unknown"), 20),
    (("auto-purge", "wiki"), 0),
)


@dataclass(frozen=True)
class Watched:
    """A server with recorded triggers. ``directory`` contains a plugn that records its arguments."""

    server: Server
    directory: Path

    def run(self, arguments: tuple[str, ...], code: int = 0) -> set[str]:
        """Run a command, check that no file changed and no changing trigger was fired; return the engine's events."""
        path = f"{self.directory}:{environ(self.server)['PATH']}"
        before, since = state(self.server.root.parent), time.time()
        done = call(self.server, *arguments, variables={"PATH": path})
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        assert state(self.server.root.parent) == before, arguments
        fired = {line.split()[1] for line in (self.directory / "lines").read_text().splitlines()}
        assert fired <= READING_TRIGGERS, arguments
        filters = [f"--filter=type={kind}" for kind in ("container", "image", "volume")]
        period = [f"--since={since:.6f}", f"--until={time.time():.6f}"]
        events = ["docker", "events", *period, *filters, "--format={{.Type}} {{.Action}}"]
        listed = subprocess.run(events, capture_output=True, text=True, check=True)
        return set(listed.stdout.splitlines())


def state(top: Path) -> dict[str, tuple[Any, ...]]:
    """Return everything below, with contents and change times."""
    found = {}
    for directory, directories, files in os.walk(top):
        for name in (*directories, *files):
            path = os.path.join(directory, name)
            status = os.lstat(path)
            is_file = stat.S_ISREG(status.st_mode)
            digest = hashlib.sha256(Path(path).read_bytes()).digest() if is_file else b""
            times = status.st_mtime_ns, status.st_ctime_ns
            found[path] = (status.st_mode, status.st_uid, status.st_ino, *times, digest)
    return found


@pytest.fixture
def watched(server: Server, container: Callable[[str], str]) -> Iterator[Watched]:
    """Apps with caches in every state; only a helper can scan that of ``shop``."""
    (server.make_cache("shop") / "buildcache").chmod(0o700)
    container(f"{server.make_cache('wiki')}:/cache")
    give(server.make_cache("own"), server.root.stat().st_uid)
    server.make_ghost("oldblog")
    uploads = server.make_cache("uploads").parent
    (uploads / "HEAD").unlink()
    (uploads / "photo.jpg").touch()
    (server.make_app("linked") / "cache").symlink_to("/")
    directory = server.root.parent.with_name(f"{server.root.parent.name}-plugn")
    directory.mkdir()
    (directory / "lines").touch()
    (directory / "lines").chmod(0o666)
    real = shutil.which("plugn", path=environ(server)["PATH"])
    (directory / "plugn").write_text(f'#!/bin/sh\necho "$*" >>{directory}/lines\nexec {real} "$@"\n')
    (directory / "plugn").chmod(0o755)
    yield Watched(server, directory)
    shutil.rmtree(directory)


def test_scans_of_unreadable_files_only_create_helpers(watched: Watched) -> None:
    for arguments in SCANS:
        events = watched.run(arguments)
        assert events - IMAGE_EVENTS <= HELPER_EVENTS, arguments
        assert ("container destroy" in events) == ("--global" not in arguments), arguments


def test_other_reading_commands_and_refusals_change_nothing(watched: Watched) -> None:
    for arguments in READS:
        assert watched.run(arguments) == set(), arguments
    for arguments, code in REFUSALS:
        assert watched.run(arguments, code) == set(), arguments
    (watched.server.root / "uploads/cache/buildcache").chmod(0o700)
    assert watched.run(("purge-legacy", "uploads"), 1) <= HELPER_EVENTS
