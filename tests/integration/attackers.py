"""Processes that swap the entries of a tree all the time, as its owner, as the dokku user, or as root.

They work with open handles and never in the canary: only the attacked program can change that.
"""

import ctypes
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Value
from pathlib import Path
from typing import Any

from dokku_cache.tree.mounts import is_at_or_below, read_mounts

#: Names that the trees and the canary have in common.
NAMES = ("a", "b", "c", "d")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_EXCHANGE = 1 << 1  # RENAME_EXCHANGE (rename(2)): no moment at which the name is missing
_HERE = -100  # AT_FDCWD
_BIND, _DETACH, _NOFOLLOW = 4096, 2, 8  # MS_BIND, MNT_DETACH, UMOUNT_NOFOLLOW
#: An app's directory, its cache, and what is in that.
_IN_A_CACHE = 2
#: Mostly in the cache: if the app's own name is swapped all the time, a purge never gets that far.
_DEPTHS = (0, 1, *(2, 3) * 12)
_LIBRARY = ctypes.CDLL(None, use_errno=True)


class Victim:
    """A tree below ``top`` that is attacked, and a canary that has to stay."""

    def __init__(self, top: Path, canary: Path, owner: int) -> None:
        self.top, self.canary = top, canary
        top.mkdir()
        for name in NAMES:
            (canary / name / "a").mkdir(parents=True)
            (canary / name / "kept").write_text(f"content of {name}")
            (canary / name / "a" / "kept").write_text("deeper")
        (canary / "cache/a").mkdir(parents=True)
        (canary / "cache/a/kept").write_text("content")
        subprocess.run(["chown", "-R", f"{owner}:{owner}", canary], check=True)
        subprocess.run(["chmod", "-R", "a+rwX", canary], check=True)
        for directory in (canary, *(path for path in canary.rglob("*") if path.is_dir())):
            directory.chmod(0o555)  # a deletion has to change the mode first
        self.forbidden = {(path.stat().st_dev, path.stat().st_ino) for path in (canary, *canary.rglob("*"))}

    def open_some(self, chooser: random.Random) -> tuple[int, int]:
        """Open the top or a directory at most three levels below it; return its depth too. Raises OSError."""
        position, depth = os.open(self.top, _DIRECTORY), 0
        for _ in range(chooser.choice(_DEPTHS)):
            names = os.listdir(position)
            if not names:
                break
            try:
                below = os.open(chooser.choice(names), _DIRECTORY, dir_fd=position)
            except OSError:
                break
            status = os.fstat(below)
            if (status.st_dev, status.st_ino) in self.forbidden:  # mounted there
                os.close(below)
                break
            os.close(position)
            position, depth = below, depth + 1
        return position, depth


@dataclass(frozen=True)
class Chance:
    """One opportunity: an open directory, and a name in it."""

    victim: Victim
    directory: int
    depth: int
    name: str
    chooser: random.Random

    @property
    def mine(self) -> str:
        """A name that no other attacker uses."""
        return f".swap{os.getpid()}"

    @property
    def canary(self) -> str:
        """The target of a link."""
        canary = self.victim.canary
        return str(self.chooser.choice((canary, canary / self.name, canary / "cache", "../..", "/")))

    def linger(self) -> None:
        """Wait for a short moment."""
        time.sleep(self.chooser.choice((0, 0, 0.0005, 0.002)))

    def exchange(self, other: str) -> None:
        """Swap two names in one call."""
        exchange(self.name, other, self.directory)


Attack = Callable[[Chance], None]


def exchange(one: str | Path, other: str | Path, directory: int = _HERE) -> None:
    """Swap two names in a directory in one call. Raises OSError."""
    if _LIBRARY.renameat2(directory, os.fsencode(one), directory, os.fsencode(other), _EXCHANGE):
        raise OSError(ctypes.get_errno(), "renameat2")


def link_for_directory(chance: Chance) -> None:
    """Replace an entry with a link to the canary, then restore it."""
    os.symlink(chance.canary, chance.mine, dir_fd=chance.directory)
    try:
        chance.exchange(chance.mine)
        chance.linger()
        chance.exchange(chance.mine)
    finally:
        with suppress(OSError):
            os.unlink(chance.mine, dir_fd=chance.directory)


def directory_for_link(chance: Chance) -> None:
    """Replace a link to the canary with a directory."""
    with suppress(FileExistsError):
        os.symlink(chance.canary, chance.name, dir_fd=chance.directory)
        chance.linger()
    os.mkdir(chance.mine, dir_fd=chance.directory)
    chance.exchange(chance.mine)


def hard_link(chance: Chance) -> None:
    """Link a file of the canary here."""
    name = f"hard{chance.chooser.randrange(4)}"
    os.link(chance.victim.canary / "a" / "kept", name, dst_dir_fd=chance.directory)


def fifo(chance: Chance) -> None:
    """Replace a directory with a named pipe, which would block an open forever."""
    os.mkfifo(chance.mine, 0o666, dir_fd=chance.directory)
    try:
        chance.exchange(chance.mine)
        chance.linger()
        chance.exchange(chance.mine)
    finally:
        with suppress(OSError):
            os.unlink(chance.mine, dir_fd=chance.directory)


def move(chance: Chance) -> None:
    """Move an entry elsewhere in the tree, while a process may have it open."""
    if chance.depth < _IN_A_CACHE:
        return  # else nothing would be left to attack
    other, _ = chance.victim.open_some(chance.chooser)
    try:
        os.rename(chance.name, chance.chooser.choice(NAMES), src_dir_fd=chance.directory, dst_dir_fd=other)
    finally:
        os.close(other)


def create(chance: Chance) -> None:
    """Create a directory again that was deleted."""
    os.mkdir(chance.name, dir_fd=chance.directory)


def bind_mount(chance: Chance) -> None:
    """Mount the canary below a cache: the same file system, so the device number is the same."""
    if chance.depth < _IN_A_CACHE:
        return  # mounting at an app's directory replaces the app
    handle = os.open(chance.name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=chance.directory)
    try:
        status = os.fstat(handle)
        if (status.st_dev, status.st_ino) in chance.victim.forbidden:
            return
        _LIBRARY.mount(os.fsencode(chance.victim.canary), f"/proc/self/fd/{handle}".encode(), None, _BIND, None)
        os.sched_yield()
        path = os.fsencode(f"/proc/self/fd/{chance.directory}/{chance.name}")
        _LIBRARY.umount2(path, _DETACH | _NOFOLLOW)
    finally:
        os.close(handle)


SWAPS: tuple[Attack, ...] = (link_for_directory, directory_for_link, hard_link, fifo, move, create)


@contextmanager
def attacked(victim: Victim, *attackers: tuple[int, tuple[Attack, ...]]) -> Iterator[Any]:
    """Start attackers with these uids for the time of the block; return the number of successful attacks."""
    done = Value("L", 0)
    children = [_start(victim, uid, attacks, done) for uid, attacks in attackers]
    try:
        yield done
    finally:
        for child in children:
            os.kill(child, signal.SIGTERM)
        for child in children:
            os.waitpid(child, 0)
        unmount_all(victim.top.parents[1])


def unmount_all(top: Path) -> None:
    """Unmount everything at or below a directory."""
    for mount in reversed(read_mounts()):
        if is_at_or_below(mount.mount_point.removesuffix("//deleted"), str(top)):
            _LIBRARY.umount2(os.fsencode(mount.mount_point), _DETACH | _NOFOLLOW)


def _start(victim: Victim, uid: int, attacks: tuple[Attack, ...], done: Any) -> int:
    child = os.fork()
    if child:
        return child
    try:
        is_over: list[bool] = []
        signal.signal(signal.SIGTERM, lambda *_: is_over.append(True))
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
        chooser = random.Random(os.getpid())
        while not is_over:
            with suppress(OSError):
                directory, depth = victim.open_some(chooser)
                try:
                    name = chooser.choice([*os.listdir(directory), *NAMES])
                    chooser.choice(attacks)(Chance(victim, directory, depth, name, chooser))
                    with done.get_lock():
                        done.value += 1
                finally:
                    os.close(directory)
    finally:
        os._exit(0)
