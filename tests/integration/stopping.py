"""A server with one cache to purge and data that must stay unchanged, and commands that are stopped."""

import contextlib
import hashlib
import os
import pwd
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dokku_cache.actions import cli
from dokku_cache.dokku import history
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import remove_all_stale
from dokku_cache.model.location import TRASH_PREFIX
from dokku_cache.model.state import State
from dokku_cache.survey.surveyor import Surveyor

from . import trees
from .calling import SOURCE, environ
from .conftest import DOKKU, HEROKUISH, Server, age, as_dokku, give
from .stopper import Call

#: Opened when a program starts, and by imports. These calls are not counted.
_OF_A_START = ("/usr/", "/lib", "/etc/", "/bin/", "/dev/", str(SOURCE))
#: Opened for every process of the machine: one is like the other.
_OF_A_PROCESS = re.compile("/proc/[0-9]+/")
OWN, FOREIGN = "dokku", "32767"
APP = "shop"


@dataclass(frozen=True)
class Command:
    """A command that purges.

    ``owner``: of the cache. ``succeeds``: exits with 0 in any case.
    ``is_closed``: only the helper can scan the cache. ``files``: the number of further files.
    """

    name: str
    arguments: tuple[str, ...]
    owner: str
    succeeds: bool = False
    is_closed: bool = False
    files: int = 0


COMMANDS = (
    Command("manual", ("purge-legacy", APP), FOREIGN),
    Command("manual, of dokku", ("purge-legacy", APP), OWN),
    Command("destroyed", ("post-delete", APP, "latest"), FOREIGN, succeeds=True),
    Command("upgraded", ("post-upgrade", "0.30.11", "0.38.27"), FOREIGN, succeeds=True),
)


def is_of_the_purge(call: Call) -> bool:
    """Return whether a call belongs to the purge itself, and not to the start of a program."""
    is_alike = call.path.startswith(_OF_A_START) or _OF_A_PROCESS.match(call.path)
    return call.kind != "openat" or not is_alike


def content(top: Path) -> dict[bytes, tuple[Any, ...]]:
    """Return everything below: modes, owners, inodes, link targets, and a digest of each file."""
    found: dict[bytes, tuple[Any, ...]] = {}
    for directory, directories, files in os.walk(os.fsencode(top)):
        for name in (b".", *directories, *files):
            path = os.path.join(directory, name)
            status = os.lstat(path)
            data: Any = b""
            if os.path.islink(path):
                data = os.readlink(path)
            elif os.path.isfile(path):
                data = hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).digest()
            found[path] = (status.st_mode, status.st_uid, status.st_gid, status.st_ino, data)
    return found


class Scene:
    """The server before and after one stop. ``directory`` is the app's."""

    def __init__(self, server: Server, command: Command) -> None:
        self._server, self._command = server, command
        self.directory = server.root / APP
        self._base = server.root.parent
        remove_all_stale(Engine(server.environment.docker_host))
        self._make_others()
        self._make_cache()
        self._kept = self._everything_else()
        self._cache = content(self.directory / "cache")
        self.sizes = self._sizes()

    def _make_others(self) -> None:
        subprocess.run(["rm", "-rf", *self._server.root.iterdir(), self._base / "lib/data"], check=True)
        outside = self._base / "outside"
        outside.mkdir(exist_ok=True)
        (outside / "kept").write_text("content")
        neighbour = self._server.make_cache("neighbour")
        (neighbour.parent / "DOCKER_OPTIONS_DEPLOY").write_text(f"-v {neighbour}:/x\n")
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

    def _everything_else(self) -> dict[bytes, Any]:
        """Return the content of everything but the app's cache and trash."""
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
        """Return the bytes and the number of files to purge."""
        total = files = 0
        for place in self._left:
            used = subprocess.run([trees.DU, "-s", "-B1", place], capture_output=True, check=True).stdout
            total += int(used.split()[0])
            files += sum(path.is_symlink() or not path.is_dir() for path in place.rglob("*"))
        return total, files

    def enter(self) -> None:
        """Let this process be what an entry point starts."""
        enter_as_entry_point(self._server)

    def work(self) -> int:
        """Run the command, and return the exit code."""
        return cli.main(self._command.arguments)

    def check(self, code: int, *, was_killed: bool, got_enoent: bool = False) -> None:
        """Check everything after a stop, and that the next purge finishes the work.

        ``got_enoent``: a call failed as if something were missing, which is no failure of the purge then.
        """
        printed = take_printed(self._server)
        assert "Unexpected error" not in printed, printed
        assert "Traceback" not in printed, printed
        assert self._everything_else() == self._kept, f"something else changed: {printed}"
        state = self._state()
        if (self.directory / "cache").exists():
            assert content(self.directory / "cache") == self._cache, printed
            assert len(self._left) == 1, self._left
            assert state is State.ORPHANED, printed
        elif self._left:
            assert state is State.INTERRUPTED, printed
        if self._command.succeeds and not was_killed:
            assert code == 0, printed
        elif not was_killed:
            is_whole = (self.directory / "cache").exists()
            assert (code == 0) == (not self._left) or (got_enoent and is_whole), printed
        if not self._left and not got_enoent:
            assert self._recorded()[-1:] == [self.sizes] or was_killed or "history" in printed, printed
        self._end()

    def _end(self) -> None:
        """Let the next purge finish the work, and check that it did and recorded the total."""
        had_work, known = bool(self._left), len(self._recorded())
        code = in_child(self.enter, self.work)
        printed = take_printed(self._server)
        assert code == 0, printed
        assert self._left == [], printed
        assert self._everything_else() == self._kept, f"something else changed: {printed}"
        if had_work:
            assert self._recorded()[known:] == [self.sizes], printed
        assert self._state() is State.ABSENT
        listed = {"all": True, "filters": {"label": "com.dokku.cache.helper"}}
        assert Engine(self._server.environment.docker_host).api.containers(**listed) == [], (
            "a helper container is left"
        )

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


def enter_as_entry_point(server: Server) -> None:
    """Let this process be what an entry point starts: as the dokku user, with what Dokku passes to it."""
    environment = environ(server)
    user = pwd.getpwnam("dokku")
    os.initgroups("dokku", user.pw_gid)
    os.setgid(user.pw_gid)
    os.setuid(user.pw_uid)
    os.chdir("/")
    os.environ.clear()
    os.environ.update(environment)
    printed = os.open(server.root.parent / "log/printed", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    for descriptor, source in ((0, os.open(os.devnull, os.O_RDONLY)), (1, printed), (2, printed)):
        os.dup2(source, descriptor)


def take_printed(server: Server) -> str:
    """Return what processes that began with ``enter_as_entry_point`` have printed since the last call."""
    path = server.root.parent / "log/printed"
    text = path.read_text() if path.exists() else ""
    path.unlink(missing_ok=True)
    return text


def in_child(enter: Callable[[], None], work: Callable[[], int]) -> int:
    """Do something in a child process, and return the exit code."""
    child = os.fork()
    if child == 0:
        code = 125
        with contextlib.suppress(BaseException):
            enter()
            code = work()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
