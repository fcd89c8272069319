"""Who only looks cannot change anything: neither in the engine, nor in Dokku, nor in a file."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from . import proof
from .calling import call, environ, list_apps
from .conftest import Server, give
from .recording import Asked, recorded_engine, recorded_plugn

#: The triggers of Dokku that tell something, and do nothing.
READING_TRIGGERS = {"app-list", "docker-args-build", "docker-args-deploy", "docker-args-run"}
#: What a helper takes that measures what user dokku may not read: these, in this order, and nothing else.
HELPER = [
    "POST /containers/create",
    "POST /containers/ID/attach",
    "POST /containers/ID/start",
    "DELETE /containers/ID",
]
IMPORT = "POST /images/create"
LOOKS = (
    ("list",),
    ("list", "--format", "json"),
    ("list", "--format", "prometheus"),
    ("list", "--kind", "legacy", "--sort", "app"),
    ("list", "shop"),
    ("report",),
    ("report", "shop"),
    ("report", "shop", "--format", "yaml"),
    ("report", "--global"),
    ("purge-legacy", "shop", "--dry-run"),
    ("purge-legacy", "--all", "--dry-run"),
)
#: What looks and needs no helper, whatever there is.
GLANCES = (
    ("dokku-report",),
    ("history",),
    ("history", "shop", "--format", "json"),
    ("report", "shop", "--cache-legacy-path"),
    ("purge-volumes", "shop", "--dry-run"),
    ("purge-volumes", "--orphaned", "--dry-run"),
    ("list", "--kind", "herokuish", "--kind", "pack", "--kind", "engine"),
)
#: What is refused, each with the exit code.
REFUSALS = (
    (("purge-legacy", "wiki"), 1),
    (("purge-legacy", "linked"), 1),
    (("purge-legacy", "nobody"), 20),
    (("purge-legacy", "Not-a-name"), 1),
    (("purge-legacy", "--all"), 1),
    (("purge-legacy", "--all", "shop"), 1),
    (("purge-legacy",), 1),
    (("purge-legacy", "shop", "--dry"), 1),
    (("report", "nobody"), 20),
    (("report", "shop", "--cache-nothing"), 1),
    (("list", "--format", "xml"), 1),
    (("history", "nobody", "--format", "xml"), 1),
    (("set", "shop", "auto-purge", "perhaps"), 1),
    (("set", "shop", "nothing", "true"), 1),
    (("set", "nobody", "auto-purge", "false"), 20),
    (("auto-purge", "nobody"), 20),
    (("auto-purge", "wiki"), 0),
)


@dataclass(frozen=True)
class Watched:
    """A server of which everything is written down that is asked, and everything noticed that is changed."""

    server: Server
    variables: dict[str, str]
    asked: list[Asked]
    triggers: Path

    def look(self, arguments: tuple[str, ...], code: int = 0) -> list[Asked]:
        """Call it, hold that no file was changed and no trigger fired that does; give what the engine was asked."""
        self.asked.clear()
        before = state(self.server.root.parent)
        done = call(self.server, *arguments, variables=self.variables)
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        assert state(self.server.root.parent) == before, arguments
        fired = {line.split()[1] for line in self.triggers.read_text().splitlines()}
        assert fired <= READING_TRIGGERS, arguments
        proof.DONE["looks and refusals watched"] += 1
        proof.DONE["requests to the engine watched"] += len(self.asked)
        return list(self.asked)


def state(top: Path) -> dict[str, tuple[Any, ...]]:
    """Everything below, with contents, and the times at which the kernel has noted any change."""
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
    """Apps with caches of every kind of verdict; ``shop``'s can be measured by a helper alone."""
    (server.make_cache("shop") / "buildcache").chmod(0o700)
    container(f"{server.make_cache('wiki')}:/cache")
    give(server.make_cache("own"), server.root.stat().st_uid)
    server.make_ghost("oldblog")
    uploads = server.make_cache("uploads").parent
    (uploads / "HEAD").unlink()
    (uploads / "photo.jpg").touch()
    (server.make_app("linked") / "cache").symlink_to("/")
    list_apps(server, "shop", "wiki", "own", "oldblog", "uploads", "linked")
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


def changing(asked: list[Asked]) -> list[Asked]:
    return [request for request in asked if request.method not in {"GET", "HEAD"}]


def test_who_looks_at_what_dokku_may_not_read_makes_a_helper_that_only_reads_and_asks_for_nothing_else(
    watched: Watched,
) -> None:
    for arguments in LOOKS:
        requests = changing(watched.look(arguments))
        assert not [asked.what for asked in requests if asked.what not in {*HELPER, IMPORT}], arguments
        wanted = [asked.what for asked in requests if asked.what != IMPORT]
        assert wanted == HELPER * (len(wanted) // len(HELPER)), arguments
        is_global = "--global" in arguments
        assert bool(wanted) == (not is_global), arguments
        for request in requests:
            if request.what == HELPER[0]:
                assert_only_reads(request)


def assert_only_reads(request: Asked) -> None:
    config = request.body["HostConfig"]
    assert [mount["ReadOnly"] for mount in config["Mounts"]] == [True]
    assert not config.get("Binds")
    assert not config.get("Privileged")
    assert not config.get("VolumesFrom")
    assert config["NetworkMode"] == "none"
    assert config["ReadonlyRootfs"] is True
    assert config["CapDrop"] == ["ALL"]
    assert "com.dokku.cache.helper" in request.body["Labels"]


def test_who_only_glances_asks_the_engine_for_nothing_but_to_tell(watched: Watched) -> None:
    for arguments in GLANCES:
        assert changing(watched.look(arguments)) == [], arguments


def test_who_is_refused_has_changed_nothing(watched: Watched) -> None:
    for arguments, code in REFUSALS:
        assert changing(watched.look(arguments, code)) == [], arguments


def test_what_is_refused_after_a_walk_takes_the_same_helper(watched: Watched) -> None:
    """Doubts are decided on when all of it was walked over."""
    (watched.server.root / "uploads/cache/buildcache").chmod(0o700)
    requests = changing(watched.look(("purge-legacy", "uploads"), 1))
    for request in requests:
        if request.what == HELPER[0]:
            assert_only_reads(request)
    assert [request.what for request in requests if request.what not in {*HELPER, IMPORT}] == []
