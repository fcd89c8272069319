"""Whoever owns a cache, and user dokku, may swap what is in it all the time: nothing outside is touched."""

import itertools
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from dokku_cache.legacy.emptying import empty
from dokku_cache.tree.descent import Descent
from dokku_cache.tree.measurement import read_names

from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.errors import CacheError
from dokku_cache.legacy.remove import delete_trash, put_back, remove_ghost, set_aside
from dokku_cache.model.location import CACHE_NAME
from dokku_cache.model.state import Request
from dokku_cache.sources.app_directory import read
from dokku_cache.tree.handles import OPEN_DIRECTORY, AppDirectory, mount_of, open_to_empty
from dokku_cache.tree.mounts import read_mounts

from . import proof
from .attackers import NAMES, SWAPS, Attack, Victim, attacked, bind_mount, exchange
from .conftest import DOKKU, HEROKUISH, Server, as_dokku
from .stopping import content
from .test_purge import purge

#: For each primitive so long, in the short form and in the long one.
SECONDS = 20.0 if proof.IS_LONG else 0.8
#: What fails is refused; anything else than these is a defect.
_DEPTH = 3
REFUSALS = (OSError, CacheError)
ROOT = 0


class NothingThere(Exception):
    """There is nothing to work on right now, so that this is no round."""


class Ground:
    """An app of which a cache is put in place again and again, made where nobody attacks."""

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
        """Tell whether there is a cache with all its directories, as far as nobody has swapped them right now."""
        return all((self.root / "shop/cache" / name / "a").is_dir() for name in NAMES)

    def make(self) -> None:
        """Put an app with a cache in place, whatever is there; by one rename, which follows no link."""
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
    """tree/handles: open what is to be emptied, and change its permissions."""
    with ground.app() as directory:
        directory.still_named()
        for name in (CACHE_NAME, *NAMES):
            with suppress(OSError):
                os.close(open_to_empty(name, directory.fd, mount_of(directory.fd)))
    top = ground.cache_fd()
    try:
        for name in os.listdir(top):
            with suppress(OSError):
                os.close(open_to_empty(name, top, mount_of(top)))
    finally:
        os.close(top)


def descent(ground: Ground) -> None:
    """tree/descent: go down and up, with few handles kept, and remove what was left."""
    top = ground.cache_fd()
    position = Descent(top, partial(open_to_empty, mount=mount_of(top)), 1)
    try:
        while position.depth < _DEPTH and (names := os.listdir(position.fd)):
            position.down(names[-1])
        while position.depth:
            with suppress(FileNotFoundError):
                os.unlink("file", dir_fd=position.fd)
            position.up()
    finally:
        position.close()
        os.close(top)


def names(ground: Ground) -> None:
    """tree/measurement: read the names at the top."""
    top = ground.cache_fd()
    try:
        read_names(top)
    finally:
        os.close(top)


def emptying(ground: Ground) -> None:
    """legacy/emptying: delete by several threads."""
    top = ground.cache_fd()
    try:
        empty(top, lambda _: None, 4)
    finally:
        os.close(top)


def remove(ground: Ground) -> None:
    """legacy/remove: rename it aside, now and then back, and delete it."""
    with ground.app() as directory:
        cache = read(directory, read_mounts()).cache
        if cache is None or cache.fault:
            return
        trash = set_aside(directory, cache, lambda: None)
        if cache.identity.inode % 5 == 0:
            put_back(directory, trash.name)
            return
        delete_trash(directory, trash, ground.helper() if ground.owner == DOKKU else _Nobody(), lambda _: None, 4)
        if cache.identity.inode % 7 == 0:
            remove_ghost(directory)


class _Nobody:
    """In place of the helper, which has a test of its own."""

    def empty(self, *_: object) -> None:
        raise CacheError("not here")


def script(ground: Ground) -> None:
    """The helper's script: delete what belongs to others, in a container."""
    with ground.app() as directory:
        cache = read(directory, read_mounts()).cache
        if cache is not None and not cache.fault:
            ground.helper().empty(os.path.join(directory.path, CACHE_NAME), cache.identity, lambda _: None)


def whole(ground: Ground) -> None:
    """End to end: find, decide, rename, delete."""
    environment = ground.server.environment
    purge(
        Server(
            type(environment)(**{**vars(environment), "root": str(ground.root), "host_root": str(ground.root)}),
            ground.root,
        ),
        "shop",
        Request(is_named=True, is_confirmed=True),
    )


def _rounds(ground: Ground, primitive: Callable[[Ground], None], seconds: float) -> tuple[int, int]:
    """Do it again and again, as user dokku; give how often, and how often it refused to go on."""
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
    """An attack that is none: by root, what was deleted is made anew."""

    def make(_: object) -> None:
        if not ground.is_whole():
            ground.make()
        time.sleep(pause_seconds)

    return make


OWN = (handles, descent, names, emptying, remove, whole)


@pytest.mark.parametrize(
    "has_mounts", [True, False][: 1 + proof.IS_LONG], ids=["swapped and mounted on", "swapped"][: 1 + proof.IS_LONG]
)
@pytest.mark.parametrize(
    ("primitive", "owner"),
    [*((primitive, DOKKU) for primitive in OWN), (remove, HEROKUISH), (script, HEROKUISH), (whole, HEROKUISH)],
    ids=lambda value: getattr(value, "__name__", {DOKKU: "dokku's", HEROKUISH: "32767's"}.get(value)),
)
def test_nothing_outside_is_touched_while_all_of_it_is_swapped(
    server: Server, primitive: Callable[[Ground], None], owner: int, has_mounts: bool
) -> None:
    ground = Ground(server, owner)
    before = content(ground.victim.canary)
    is_slow = primitive in {script, whole}
    ground.make()
    attackers: list[tuple[int, tuple[Attack, ...]]] = [
        (owner, SWAPS),
        (DOKKU, SWAPS),
        (ROOT, (_makes(ground, 0.6 if is_slow else 0.003),)),
    ]
    if has_mounts:
        attackers.append((ROOT, (bind_mount,)))
    with attacked(ground.victim, *attackers) as swaps:
        rounds, refused = as_dokku(partial(_rounds, ground, primitive, SECONDS * (2 if is_slow else 1)))
    assert content(ground.victim.canary) == before
    assert rounds > 0
    assert swaps.value > 100
    proof.DONE[f"rounds of {primitive.__name__} under attack"] += rounds
    proof.DONE[f"rounds of {primitive.__name__} that refused to go on"] += refused
    proof.DONE["swaps by attackers"] += swaps.value
