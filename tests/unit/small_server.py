"""A server in small for the model: real files, locks and deletions, with Docker and Dokku played."""

import contextlib
import fcntl
import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.dokku import plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.model.errors import CacheError, NotStarted
from dokku_cache.model.scan import Identity, Progress
from dokku_cache.output.console import Console
from dokku_cache.survey import surveyor
from dokku_cache.survey.context import Context

LONG_AGO = 1_000_000
AHEAD_SECONDS = 10 * 86400
#: Of an account that every Debian has, bin.
OTHER_USER = 2
KILLED = 137
CHANGING = ("rename", "unlink", "rmdir")
Action = Callable[[Context], object]


@dataclass
class App:
    """What is known of an app: whether it has a cache, what speaks against its going, and what is set.

    ``lock``: the handle by which a deploy holds its lock, None while there is no deploy.
    """

    has_cache: bool = False
    is_recent: bool = False
    is_foreign: bool = False
    is_mounted: bool = False
    is_named: bool = False
    auto_purge: str = ""
    lock: int | None = None


@dataclass
class Docker:
    """An engine that has containers, and nothing else; or that answers nothing."""

    listed: list[dict[str, Any]] = field(default_factory=list)
    is_silent: bool = False

    def containers(self, *, all: bool, filters: object = None) -> list[dict[str, Any]]:  # noqa: A002 - the SDK's name
        if self.is_silent:
            raise OSError("silent")
        return [] if filters else self.listed

    def info(self) -> dict[str, Any]:
        return {"Swarm": {"LocalNodeState": "inactive"}}

    def volumes(self) -> dict[str, Any]:
        return {"Volumes": []}

    def images(self, *, all: bool) -> list[dict[str, Any]]:  # noqa: A002 - the SDK's name
        return []


class SmallServer:
    """Apps with their directories; what Dokku and Docker say of them is what ``apps`` and ``docker`` have."""

    def __init__(self) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="dokku-cache-model-"))
        for name in ("home", "lib", "log", "plugins"):
            (self.place / name).mkdir()
        places = {"DOKKU_ROOT": "home", "DOKKU_LIB_ROOT": "lib", "DOKKU_LOGS_DIR": "log", "PLUGIN_PATH": "plugins"}
        self.environment = DokkuEnvironment.read({key: str(self.place / name) for key, name in places.items()})
        self.apps: dict[str, App] = {}
        self.docker = Docker()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(plugn, "trigger", self._trigger)
        # A file's ctime cannot be set, so the clock is ahead of it.
        self.patch.setattr(surveyor, "clock", lambda: time.time() + AHEAD_SECONDS)
        # What the container does, root does here; what it may not do is held in tests/integration/test_helper.py.
        self.patch.setattr(Helper, "prepare", lambda _: self._need_engine())
        self.patch.setattr(Helper, "delete", lambda _, *arguments: self._delete(*arguments))

    def take_away(self) -> None:
        self.end_deploys()
        self.patch.undo()
        shutil.rmtree(self.place)

    def cache(self, app: str) -> Path:
        return self.place / "home" / app / "cache"

    def create(self, app: str) -> None:
        self.apps[app] = App()
        directory = self.cache(app).parent
        directory.mkdir()
        for name in ("HEAD", "precious"):
            (directory / name).write_text(app)

    def destroy(self, app: str) -> None:
        """Do what Dokku does after the trigger: delete all that is left."""
        shutil.rmtree(self.cache(app).parent, ignore_errors=True)
        shutil.rmtree(self.place / "lib/config/cache" / app, ignore_errors=True)
        del self.apps[app]

    def build(self, app: str, *, is_recent: bool, is_foreign: bool, is_deep: bool) -> None:
        """Write a new cache, as a build of an older Dokku or another user does."""
        cache, known = self.cache(app), self.apps[app]
        shutil.rmtree(cache, ignore_errors=True)
        inner = cache / ("buildcache/b/c/d" if is_deep else "buildcache")
        inner.mkdir(parents=True)
        (inner / "file").write_text("x")
        (inner / "link").symlink_to(cache.parent / "precious")
        known.has_cache, known.is_recent, known.is_foreign = True, is_recent, is_foreign and os.geteuid() == 0
        if known.is_foreign:
            os.chown(cache, OTHER_USER, -1)
        moment = time.time() + (AHEAD_SECONDS if is_recent else -AHEAD_SECONDS)
        for path in [cache, *cache.rglob("*")]:
            os.utime(path, (moment, moment), follow_symlinks=False)

    def set_version(self, version: str) -> None:
        (self.place / "lib/STABLE_VERSION").write_text(f"{version}\n")

    def set(self, app: str, key: str, value: str) -> None:
        file = self.place / "lib/config/cache" / app / key
        file.parent.mkdir(parents=True, exist_ok=True)
        if value:
            file.write_text(value)
        else:
            file.unlink(missing_ok=True)

    def begin_deploy(self, app: str) -> None:
        file = self.place / "lib/data/apps" / app / ".deploy.lock"
        file.parent.mkdir(parents=True, exist_ok=True)
        self.apps[app].lock = lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)

    def end_deploys(self) -> None:
        for app in self.apps.values():
            if app.lock is not None:
                os.close(app.lock)
                app.lock = None

    def call(self, action: Action) -> None:
        """Let an action run; a refusal is no fault."""
        self.docker.listed = [self._container(app) for app in self.apps if self.apps[app].is_mounted]
        engine, out = Engine(""), io.StringIO()
        engine._api = self.docker
        with contextlib.suppress(CacheError):
            action(Context(self.environment, Console(out=out, err=out), engine))

    def call_until_killed(self, action: Action, change: int) -> int:
        """Let an action run in a process that is killed before its n-th change; give how that ended."""
        child = os.fork()
        if child:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        done = 0

        def counted(call: Callable[..., Any]) -> Callable[..., Any]:
            def changed(*arguments: Any, **options: Any) -> Any:
                nonlocal done
                done += 1
                if done == change:
                    os._exit(KILLED)
                return call(*arguments, **options)

            return changed

        for name in CHANGING:
            setattr(os, name, counted(getattr(os, name)))
        try:
            self.call(action)
        except BaseException:  # noqa: BLE001 - this process must not go on with the test
            os._exit(1)
        os._exit(0)

    def _container(self, app: str) -> dict[str, Any]:
        return {
            "Id": f"{app:0<64}",
            "Names": [f"/{app}.web.1"],
            "State": "running",
            "Mounts": [{"Source": str(self.cache(app)), "Destination": "/x"}],
            "Created": LONG_AGO,
        }

    def _trigger(self, name: str, *arguments: str, **_: object) -> str:
        if name == "app-list":
            return "".join(f"{app}\n" for app in self.apps)
        named = [app for app in self.apps if self.apps[app].is_named and app in arguments]
        return "".join(f" -v {self.cache(app)}:/x" for app in named)

    def _need_engine(self) -> None:
        if self.docker.is_silent:
            raise NotStarted("Docker did not respond")

    def _delete(self, path: str, identity: Identity, progress: Progress) -> None:
        self._need_engine()
        assert Identity.of(os.stat(path)) == identity
        for directory, directories, names in os.walk(path, topdown=False):
            for name in names:
                os.unlink(os.path.join(directory, name))
            for name in directories:
                inner = os.path.join(directory, name)
                (os.unlink if os.path.islink(inner) else os.rmdir)(inner)
        progress(1, 0)
