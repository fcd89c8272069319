"""The owner of a cache and the dokku user may swap its entries all the time: nothing outside is touched."""

import itertools
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest

from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.model.errors import CacheError, Refused
from dokku_cache.model.location import CACHE_NAME, Entry
from dokku_cache.model.scan import Identity, Scan, ignore
from dokku_cache.model.state import Initiator, Request
from dokku_cache.purge.purger import delete_trash, put_back, remove_ghost, set_aside
from dokku_cache.survey.app_directory import new_trash_name, read
from dokku_cache.tree import program
from dokku_cache.tree.handles import OPEN_DIRECTORY, AppDirectory
from dokku_cache.tree.mounts import read_mounts

from .attackers import NAMES, SWAPS, Attack, Victim, attacked, bind_mount, exchange
from .conftest import DOKKU, HEROKUISH, IS_LONG, Server, as_dokku
from .stopping import content
from .test_purge import purge

#: For each primitive, in the long and the short form.
SECONDS = 20.0 if IS_LONG else 0.8
#: Any other exception is a defect.
REFUSALS = (OSError, CacheError)
ROOT = 0


class NothingThere(Exception):
    """There is nothing to work on right now, so this round does not count."""


class Ground:
    """An app whose cache is created again and again, outside the attackers' reach."""

    def __init__(self, server: Server, owner: int) -> None:
        self.server, self.owner = server, owner
        self.root = server.root / "attacked"
        self.victim = Victim(self.root, server.root.parent / "canary", DOKKU)
        self._stage = server.root.parent / "stage"
        self._stage.mkdir()
        os.chown(self._stage, DOKKU, DOKKU)
        os.chown(self.root, DOKKU, DOKKU)
        self._numbers = itertools.count()

    def is_whole(self) -> bool:
        """Return whether the cache has all its directories right now."""
        return all((self.root / "shop/cache" / name / "a").is_dir() for name in NAMES)

    def make(self) -> None:
        """Put an app with a cache in place by one rename, which follows no link."""
        app = self._stage / f"app{next(self._numbers)}"
        cache = app / CACHE_NAME
        for name, inner in itertools.product(NAMES, NAMES):
            (cache / name / inner).mkdir(parents=True)
            (cache / name / inner / "file").touch()
        (cache / "a").chmod(0o555)
        for path in (cache, *cache.rglob("*")):
            os.chown(path, self.owner, self.owner)
        (app / "HEAD").touch()
        os.chown(app, DOKKU, DOKKU)
        try:
            exchange(app, self.root / "shop")
        except FileNotFoundError:
            with suppress(OSError):
                app.rename(self.root / "shop")

    def app(self) -> AppDirectory:
        try:
            return AppDirectory(str(self.root), "shop")
        except OSError as error:
            raise NothingThere from error

    def cache_fd(self) -> int:
        with self.app() as directory:
            try:
                return os.open(CACHE_NAME, OPEN_DIRECTORY, dir_fd=directory.fd)
            except OSError as error:
                raise NothingThere from error

    def helper(self) -> Helper:
        return Helper(Engine(self.server.environment.docker_host), "shop", str(self.root), str(self.root))


def handles(ground: Ground) -> None:
    """tree/handles: open an app, and check that it still has its name."""
    with ground.app() as directory:
        directory.still_named()


#: Shares even small trees, and keeps few directories open.
_PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import worker
worker.UNIT_ENTRIES, worker.BATCH, worker.OPEN_LEVELS = 3, 2, 1
sys.exit(worker.main(*sys.argv[2:], "3"))
"""


def _run_program(ground: Ground, mode: str) -> None:
    top = ground.cache_fd()
    try:
        identity = str(Identity.of(os.fstat(top)))
        command = [*program.COMMAND, "-c", _PROGRAM, os.path.dirname(program.PATH), mode, identity]
        done = subprocess.run(command, cwd=f"/proc/self/fd/{top}", pass_fds=[top], capture_output=True, check=False)
    finally:
        os.close(top)
    assert b"Traceback" not in done.stderr, done.stderr


def scanning(ground: Ground) -> None:
    """tree/worker: scan by several processes."""
    _run_program(ground, "scan")


def deleting(ground: Ground) -> None:
    """tree/worker: delete by several processes, without the container around them."""
    _run_program(ground, "delete")


def remove(ground: Ground) -> None:
    """Rename the cache, sometimes back, and delete it."""
    with ground.app() as directory:
        cache = read(directory, read_mounts()).cache
        if cache is None or cache.fault:
            return
        trash = Entry(new_trash_name(Scan()), cache.identity)
        try:
            set_aside(directory, cache, trash)
        except Refused:
            put_back(directory, trash)
            raise
        if cache.identity.inode % 5 == 0:
            put_back(directory, trash)
            return
        delete_trash(directory, trash, ground.helper(), ignore)
        if cache.identity.inode % 7 == 0:
            remove_ghost(directory)


def helper(ground: Ground) -> None:
    """engine/helper: delete in the container."""
    with ground.app() as directory:
        cache = read(directory, read_mounts()).cache
        if cache is not None and not cache.fault:
            ground.helper().delete(os.path.join(directory.path, CACHE_NAME), cache.identity, ignore)


def whole(ground: Ground) -> None:
    """The whole purge: survey, decide, rename, delete."""
    environment = ground.server.environment
    purge(
        Server(
            type(environment)(**{**vars(environment), "root": str(ground.root), "host_root": str(ground.root)}),
            ground.root,
        ),
        "shop",
        Request(Initiator.MANUAL, is_named=True, is_confirmed=True),
    )


def _rounds(ground: Ground, primitive: Callable[[Ground], None], seconds: float) -> tuple[int, int]:
    """Repeat it for some seconds; return how often it ran, and how often it was refused."""
    end = time.monotonic() + seconds
    rounds = refused = 0
    while time.monotonic() < end:
        try:
            primitive(ground)
        except NothingThere:
            continue
        except REFUSALS:
            refused += 1
        rounds += 1
    return rounds, refused


def _makes(ground: Ground, pause_seconds: float) -> Attack:
    """Return a harmless attack: root creates again what was deleted."""

    def make(_: object) -> None:
        if not ground.is_whole():
            ground.make()
        time.sleep(pause_seconds)

    return make


#: Each primitive, the owner of the directories, and the user that works.
PRIMITIVES = (
    *((primitive, DOKKU, DOKKU) for primitive in (handles, scanning, deleting, whole)),
    *((primitive, HEROKUISH, ROOT) for primitive in (scanning, deleting)),
    *((primitive, HEROKUISH, DOKKU) for primitive in (remove, helper, whole)),
)


@pytest.mark.parametrize(
    "has_mounts", [True, False][: 1 + IS_LONG], ids=["swapped and mounted on", "swapped"][: 1 + IS_LONG]
)
@pytest.mark.parametrize(
    ("primitive", "owner", "user"),
    PRIMITIVES,
    ids=lambda value: getattr(value, "__name__", {DOKKU: "dokku", HEROKUISH: "32767", ROOT: "root"}.get(value)),
)
def test_nothing_outside_is_touched_while_everything_is_swapped(
    server: Server, primitive: Callable[[Ground], None], owner: int, user: int, has_mounts: bool
) -> None:
    ground = Ground(server, owner)
    before = content(ground.victim.canary)
    is_slow = primitive in {remove, helper, whole}
    ground.make()
    attackers: list[tuple[int, tuple[Attack, ...]]] = [
        (owner, SWAPS),
        (DOKKU, SWAPS),
        (ROOT, (_makes(ground, 0.6 if is_slow else 0.003),)),
    ]
    if has_mounts:
        attackers.append((ROOT, (bind_mount,)))
    with attacked(ground.victim, *attackers) as swaps:
        work = partial(_rounds, ground, primitive, SECONDS * (2 if is_slow else 1))
        rounds, _ = as_dokku(work) if user == DOKKU else work()
    assert content(ground.victim.canary) == before
    assert rounds > 0
    assert swaps.value > 100
