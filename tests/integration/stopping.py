"""A server with one cache to purge and everything beside it that has to stay, and commands that are stopped."""

import contextlib
import hashlib
import os
import pwd
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dokku_cache import cli
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import remove_all_stale
from dokku_cache.model.location import TRASH_PREFIX
from dokku_cache.model.state import State
from dokku_cache.records import history
from dokku_cache.survey.surveyor import Surveyor

from . import trees
from .calling import SOURCE, environ, list_apps
from .conftest import DOKKU, HEROKUISH, Server, age, as_dokku, give
from .stopper import Call

#: What every program opens that starts, and the modules of Python and of this plugin: these are not the purge.
_OF_A_START = ("/usr/", "/lib", "/etc/", "/bin/", "/dev/", str(SOURCE))
OWN, FOREIGN = "dokku", "32767"
APP = "shop"


@dataclass(frozen=True)
class Command:
    """Something that purges, as a door calls it.

    ``owner``: of the cache. ``succeeds``: exits with 0 whatever happens.
    ``is_closed``: the cache can be measured by the helper alone. ``files``: that many more.
    """

    name: str
    arguments: tuple[str, ...]
    owner: str
    succeeds: bool = False
    is_closed: bool = False
    files: int = 0


COMMANDS = (
    Command("by hand, own", ("purge-legacy", APP), OWN),
    Command("by hand", ("purge-legacy", APP), FOREIGN),
    Command("destroyed", ("post-delete", APP, "latest"), FOREIGN, succeeds=True),
    Command("upgraded", ("post-upgrade", "0.30.11", "0.38.27"), FOREIGN, succeeds=True),
)


def is_of_the_purge(call: Call) -> bool:
    """Tell whether a call is one of the purge itself, and not of a program's start."""
    return not (call.kind == "openat" and call.path.startswith(_OF_A_START))


def content(top: Path) -> dict[bytes, tuple[Any, ...]]:
    """All below, to the byte: kinds, owners, modes, inodes, links, and a digest of what is in each file."""
    found: dict[bytes, tuple[Any, ...]] = {}
    for directory, directories, files in os.walk(os.fsencode(top)):
        for name in (b".", *directories, *files):
            path = os.path.join(directory, name)
            status = os.lstat(path)
            inside: Any = b""
            if os.path.islink(path):
                inside = os.readlink(path)
            elif os.path.isfile(path):
                inside = hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).digest()
            found[path] = (status.st_mode, status.st_uid, status.st_gid, status.st_ino, inside)
    return found


class Scene:
    """The server before and after one stop. ``directory`` is the app's."""

    def __init__(self, server: Server, command: Command) -> None:
        self._server, self._command = server, command
        self.directory = server.root / APP
        self._base = server.root.parent
        remove_all_stale(Engine(server.environment.docker_host))
        self._make_what_stays()
        self._make_cache()
        self._stays = self._all_that_stays()
        self._cache = content(self.directory / "cache")
        self.sizes = self._sizes()

    def _make_what_stays(self) -> None:
        subprocess.run(["rm", "-rf", *self._server.root.iterdir(), self._base / "lib/data"], check=True)
        outside = self._base / "outside"
        outside.mkdir(exist_ok=True)
        (outside / "kept").write_text("content")
        neighbour = self._server.make_cache("neighbour")
        (neighbour.parent / "DOCKER_OPTIONS_DEPLOY").write_text(f"-v {neighbour}:/x\n")
        list_apps(self._server, APP, "neighbour")
        recorded = self._base / "lib/data/cache/dokku-version"
        recorded.parent.mkdir(parents=True)
        recorded.write_text("0.30.11\n")
        give(self._base / "lib", DOKKU)

    def _make_cache(self) -> None:
        cache = self._server.make_app(APP) / "cache"
        (self.directory / "refs/heads").mkdir(parents=True)
        (self.directory / "refs/heads/master").write_text("0123\n")
        give(self.directory, DOKKU)
        for name in ("buildcache/a", "buildcache/b", "node"):
            (cache / name).mkdir(parents=True)
            for number in range(3):
                (cache / name / f"file{number}").write_text("x" * 5000 * number)
        trees.many(cache / "buildcache", self._command.files)
        (cache / "buildcache/link").symlink_to(self._base / "outside")
        os.link(self._base / "outside/kept", cache / "buildcache/hard")
        give(cache, DOKKU if self._command.owner == OWN else HEROKUISH)
        (cache / "node").chmod(0o700 if self._command.is_closed else 0o555)
        age(cache)

    def _all_that_stays(self) -> dict[bytes, Any]:
        """Give the content of everything but the app's cache and trash, and what the plugin writes down."""
        found = content(self._base / "outside")
        for path, entry in content(self._server.root).items():
            inner = os.fsdecode(path).removeprefix(f"{self.directory}/")
            if not inner.startswith(("cache", TRASH_PREFIX)):
                found[path] = entry
        return found

    @property
    def _left(self) -> list[Path]:
        return [path for path in self.directory.iterdir() if path.name == "cache" or TRASH_PREFIX in path.name]

    def _sizes(self) -> tuple[int, int]:
        """Give the bytes and the files that are there to be purged."""
        total = files = 0
        for place in self._left:
            used = subprocess.run([trees.DU, "-s", "-B1", place], capture_output=True, check=True).stdout
            total += int(used.split()[0])
            files += sum(not stat_is_directory(path) for path in place.rglob("*"))
        return total, files

    def enter(self) -> None:
        """Let this process be what a door starts."""
        enter_as_door(self._server)

    def work(self) -> int:
        """Do what the door does, and give the exit code."""
        return cli.main(self._command.arguments)

    @property
    def said(self) -> str:
        """What was said since the last time it was asked for."""
        return take_said(self._server)

    def hold(self, code: int, *, was_killed: bool, was_told_gone: bool = False) -> None:
        """Hold what has to be so after a stop, and that the next purge ends the work.

        ``was_told_gone``: the kernel has said of something that it is not there, which is nobody's failure then.
        """
        said = self.said
        assert "Unexpected error" not in said, said
        assert "Traceback" not in said, said
        assert self._all_that_stays() == self._stays, f"what should stay does not: {said}"
        state = self._state()
        if (self.directory / "cache").exists():
            assert content(self.directory / "cache") == self._cache, said
            assert len(self._left) == 1, self._left
            assert state is State.ORPHANED, said
        elif self._left:
            assert state is State.INTERRUPTED, said
        if self._command.succeeds and not was_killed:
            assert code == 0, said
        elif not was_killed:
            is_whole = (self.directory / "cache").exists()
            assert (code == 0) == (not self._left) or (was_told_gone and is_whole), said
        if not self._left and not was_told_gone:
            assert self._recorded()[-1:] == [self.sizes] or was_killed or "history" in said, said
        self._end()

    def _end(self) -> None:
        """Let the next purge end the work, and hold that it has, and has recorded the total."""
        had_work, known = bool(self._left), len(self._recorded())
        code = in_child(self.enter, self.work)
        said = self.said
        assert code == 0, said
        assert self._left == [], said
        assert self._all_that_stays() == self._stays, f"what should stay does not: {said}"
        if had_work:
            assert self._recorded()[known:] == [self.sizes], said
        assert self._state() is State.ABSENT
        assert helpers(self._server) == [], "a helper container is left"

    def _state(self) -> State:
        engine = Engine(self._server.environment.docker_host)
        survey = Surveyor(self._server.environment, engine).survey
        state: State = as_dokku(lambda: survey([APP])[0].verdict.state)
        return state

    def _recorded(self) -> list[tuple[int, int]]:
        return [
            (record.size_bytes, record.files)
            for record in history.read(self._server.environment).records
            if record.app == APP and record.size_bytes and not record.failure
        ]


def enter_as_door(server: Server) -> None:
    """Let this process be what a door starts: as user dokku, with what Dokku passes to it."""
    environment = environ(server)
    user = pwd.getpwnam("dokku")
    os.initgroups("dokku", user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.chdir("/")
    os.environ.clear()
    os.environ.update(environment)
    said = os.open(server.root.parent / "log/said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for descriptor, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, said), (2, said)):
        os.dup2(source, descriptor)


def take_said(server: Server) -> str:
    """Give what was said since the last time it was asked for, by who came in by ``enter_as_door``."""
    path = server.root.parent / "log/said"
    text = path.read_text() if path.exists() else ""
    path.unlink(missing_ok=True)
    return text


def stat_is_directory(path: Path) -> bool:
    """Tell whether it is a directory, and no link to one."""
    return path.is_dir() and not path.is_symlink()


def in_child(enter: Callable[[], None], work: Callable[[], int]) -> int:
    """Do something in a child process, and give the exit code."""
    child = os.fork()
    if child == 0:
        code = 125
        with contextlib.suppress(BaseException):
            enter()
            code = work()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def helpers(server: Server) -> list[Mapping[str, Any]]:
    """Give the helper containers that are there, running or not."""
    api = Engine(server.environment.docker_host).api
    listed: list[Mapping[str, Any]] = api.containers(all=True, filters={"label": "com.dokku.cache.helper"})
    return listed
