"""Attackers: processes that swap what lies in a tree all the time, as its owner, as user dokku, or as root.

They themselves work by handles, and never in the canary: what happens to that is the doing of who is attacked.
"""

import ctypes
import os
import random
import signal
import subprocess
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
_BIND, _DETACH, _NOFOLLOW = 4096, 2, 8  # MS_BIND, MNT_DETACH, UMOUNT_NOFOLLOW
#: An app's directory, its cache, and what is in that.
_IN_A_CACHE = 2
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
        (canary / "d").chmod(0o555)
        self.forbidden = {(path.stat().st_dev, path.stat().st_ino) for path in (canary, *canary.rglob("*"))}

    def open_some(self, chooser: random.Random) -> tuple[int, int]:
        """Open the top or a directory at most three levels below it; give its depth too. Raises OSError."""
        position, depth = os.open(self.top, _DIRECTORY), 0
        for _ in range(chooser.randrange(4)):
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
        """What a link may lead to."""
        canary = self.victim.canary
        return str(self.chooser.choice((canary, canary / self.name, canary / "cache", "../..", "/")))

    def exchange(self, other: str) -> None:
        """Let two names swap what they stand for, at once."""
        if _LIBRARY.renameat2(self.directory, os.fsencode(self.name), self.directory, os.fsencode(other), _EXCHANGE):
            raise OSError(ctypes.get_errno(), "renameat2")


Attack = Callable[[Chance], None]


def link_for_directory(chance: Chance) -> None:
    """Put a link to the canary in the place of what is there, and that back again."""
    os.symlink(chance.canary, chance.mine, dir_fd=chance.directory)
    try:
        chance.exchange(chance.mine)
        os.sched_yield()
        chance.exchange(chance.mine)
    finally:
        with suppress(OSError):
            os.unlink(chance.mine, dir_fd=chance.directory)


def directory_for_link(chance: Chance) -> None:
    """Let a link to the canary be what was a directory, and later the other way round."""
    with suppress(FileExistsError):
        os.symlink(chance.canary, chance.name, dir_fd=chance.directory)
    os.mkdir(chance.mine, dir_fd=chance.directory)
    chance.exchange(chance.mine)


def hard_link(chance: Chance) -> None:
    """Give a file of the canary another name here."""
    name = f"hard{chance.chooser.randrange(4)}"
    os.link(chance.victim.canary / "a" / "kept", name, dst_dir_fd=chance.directory)


def fifo(chance: Chance) -> None:
    """Put a named pipe, at which an open would wait for ever, in the place of a directory."""
    os.mkfifo(chance.mine, 0o666, dir_fd=chance.directory)
    try:
        chance.exchange(chance.mine)
        os.sched_yield()
        chance.exchange(chance.mine)
    finally:
        with suppress(OSError):
            os.unlink(chance.mine, dir_fd=chance.directory)


def move(chance: Chance) -> None:
    """Move it elsewhere in the tree, while somebody may stand in it."""
    other, _ = chance.victim.open_some(chance.chooser)
    try:
        os.rename(chance.name, chance.chooser.choice(NAMES), src_dir_fd=chance.directory, dst_dir_fd=other)
    finally:
        os.close(other)


def make_anew(chance: Chance) -> None:
    """Put in again what was deleted."""
    os.mkdir(chance.name, dir_fd=chance.directory)


def bind_mount(chance: Chance) -> None:
    """Mount the canary below a cache: it is of the same file system, so that the device number tells nothing."""
    if chance.depth < _IN_A_CACHE:
        return  # who mounts something at an app's directory says what the app is
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


SWAPS: tuple[Attack, ...] = (link_for_directory, directory_for_link, hard_link, fifo, move, make_anew)


@contextmanager
def attacked(victim: Victim, *attackers: tuple[int, tuple[Attack, ...]]) -> Iterator[Any]:
    """Let attackers of these uids do these things for the time of the block; gives the count of what succeeded."""
    done = Value("L", 0)
    children = [_start(victim, uid, attacks, done) for uid, attacks in attackers]
    try:
        yield done
    finally:
        for child in children:
            os.kill(child, signal.SIGTERM)
        for child in children:
            os.waitpid(child, 0)
        unmount_all(victim.top)


def unmount_all(top: Path) -> None:
    """Take away what is mounted at or below a directory, the canary in its place included."""
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
