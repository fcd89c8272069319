"""Reading commands change nothing: neither in the engine, nor in Dokku, nor in a file."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .calling import call, environ
from .conftest import Server, give
from .recording import Request, recorded_engine, recorded_plugn

#: The triggers of Dokku that change nothing.
READING_TRIGGERS = {"app-list", "docker-args-build", "docker-args-deploy", "docker-args-run"}
#: The requests for a helper that scans what user dokku may not read, in this order.
HELPER = [
    "POST /containers/create",
    "POST /containers/ID/attach",
    "POST /containers/ID/start",
    "DELETE /containers/ID",
]
IMPORT = "POST /images/create"
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
    """A server with recorded requests and triggers."""

    server: Server
    variables: dict[str, str]
    requests: list[Request]
    triggers: Path

    def run(self, arguments: tuple[str, ...], code: int = 0) -> list[Request]:
        """Run a command, check that no file changed and no changing trigger was fired; return the requests."""
        self.requests.clear()
        before = state(self.server.root.parent)
        done = call(self.server, *arguments, variables=self.variables)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        assert state(self.server.root.parent) == before, arguments
        fired = {line.split()[1] for line in self.triggers.read_text().splitlines()}
        assert fired <= READING_TRIGGERS, arguments
        return list(self.requests)


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
def watched(server: Server, container: Callable[[str], str], tmp_path: Path) -> Iterator[Watched]:
    """Apps with caches in every state; only a helper can scan that of ``shop``."""
    (server.make_cache("shop") / "buildcache").chmod(0o700)
    container(f"{server.make_cache('wiki')}:/cache")
    give(server.make_cache("own"), server.root.stat().st_uid)
    server.make_ghost("oldblog")
    uploads = server.make_cache("uploads").parent
    (uploads / "HEAD").unlink()
    (uploads / "photo.jpg").touch()
    (server.make_app("linked") / "cache").symlink_to("/")
    sockets, path = Path(f"/var/tmp/dokku-cache-recorded-{os.getpid()}.sock"), environ(server)["PATH"]
    plugn = server.root.parent.with_name(f"{server.root.parent.name}-plugn")
    with (
        recorded_engine(sockets, server.environment.docker_host) as (docker_host, asked),
        recorded_plugn(plugn, path) as (recording_path, lines),
    ):
        yield Watched(server, {"DOCKER_HOST": docker_host, "PATH": recording_path}, asked, lines)
    for left in plugn.iterdir():
        left.unlink()
    plugn.rmdir()


def changing(requests: list[Request]) -> list[Request]:
    return [request for request in requests if request.method not in {"GET", "HEAD"}]


def assert_uses_helpers(requests: list[Request]) -> None:
    """Check that only complete helpers were created, which can only read."""
    paths = [request.what for request in requests if request.what != IMPORT]
    assert paths == HELPER * (len(paths) // len(HELPER))
    for request in requests:
        if request.what == HELPER[0]:
            assert_only_reads(request)


def test_a_scan_of_unreadable_files_creates_a_helper_that_only_reads(watched: Watched) -> None:
    for arguments in SCANS:
        requests = changing(watched.run(arguments))
        assert_uses_helpers(requests)
        assert bool(requests) == ("--global" not in arguments), arguments


def assert_only_reads(request: Request) -> None:
    config = request.body["HostConfig"]
    assert [mount["ReadOnly"] for mount in config["Mounts"]] == [True]
    assert not config.get("Binds")
    assert not config.get("Privileged")
    assert not config.get("VolumesFrom")
    assert config["NetworkMode"] == "none"
    assert config["ReadonlyRootfs"] is True
    assert config["CapDrop"] == ["ALL"]
    assert "com.dokku.cache.helper" in request.body["Labels"]


def test_other_reading_commands_and_refusals_change_nothing(watched: Watched) -> None:
    for arguments in READS:
        assert changing(watched.run(arguments)) == [], arguments
    for arguments, code in REFUSALS:
        assert changing(watched.run(arguments, code)) == [], arguments
    (watched.server.root / "uploads/cache/buildcache").chmod(0o700)
    assert_uses_helpers(changing(watched.run(("purge-legacy", "uploads"), 1)))
