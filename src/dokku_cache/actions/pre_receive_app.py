"""Trigger ``pre-receive-app``: before a build too little is free, or enough again. The door has looked."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from dokku_cache.automatic import detached, pressure
from dokku_cache.context import Context
from dokku_cache.dokku import policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.output import log, text
from dokku_cache.records import history
from dokku_cache.tree.file_system import FileSystem

#: For how long a deploy waits for what is removed; the rest goes on without it.
WAIT_SECONDS = 60.0


class _End(Enum):
    """How it ended that all should be removed, in the words for who deploys."""

    DONE = ""
    GOES_ON = "more is looked for in the background"
    FAILED = "not all that is dead could be found out or removed"


@dataclass(frozen=True)
class _Removed:
    """What is in the history: bytes, as far as sizes are known, and how many caches."""

    size_bytes: int = 0
    caches: int = 0

    def since(self, before: "_Removed") -> "_Removed":
        """Give what came to it."""
        return _Removed(self.size_bytes - before.size_bytes, self.caches - before.caches)

    @property
    def described(self) -> str:
        """Say it; empty where it is nothing."""
        if self.size_bytes > 0:
            return f"freed {text.size(self.size_bytes)} of dead caches"
        return f"removed {text.count(self.caches, 'dead cache')} of unknown size" if self.caches > 0 else ""


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Have all removed that is dead, and say what that won and what is left to do by hand, a line each."""
    environment = context.environment
    low = pressure.low_ones(environment)
    has_changed = pressure.note(environment, low)
    if not low:
        if has_changed:
            found = "; ".join(pressure.described(each) for each in pressure.file_systems(environment))
            context.console.section(f"There is room again: {found}")
        return ExitCode.OK
    before = _removed_so_far(environment)
    end = _relieve(context, *arguments[:1])
    won = _removed_so_far(environment).since(before)
    # Once is enough, until something changes: who deploys all day need not read it each time.
    if has_changed or won.caches > 0:
        _tell(context, low, won, end)
    pressure.note(environment, pressure.low_ones(environment))
    return ExitCode.OK


def _removed_so_far(environment: DokkuEnvironment) -> _Removed:
    try:
        found = history.read(environment)
    except CacheError:
        return _Removed()  # what cannot be counted is removed all the same
    return _Removed(found.freed_bytes, found.purges)


def _relieve(context: Context, *app: str) -> _End:
    """Start what removes, and wait for it."""
    try:
        code = detached.start(context.environment, "relieve", *app, is_gentle=False).wait(WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        return _End.GOES_ON
    except OSError as error:
        raise CacheError(
            f"Nothing dead can be removed now ({error.strerror})", "look with 'dokku cache:list'"
        ) from error
    return _End.FAILED if code else _End.DONE


def _tell(context: Context, were_low: Sequence[FileSystem], won: _Removed, end: _End) -> None:
    paths = {found.path for found in were_low}
    now = [found for found in pressure.file_systems(context.environment) if found.path in paths]
    room = "; ".join(pressure.described(each) for each in now or were_low)
    context.console.warn(f"Little room for a build: {room}")
    parts = [won.described]
    if end is not _End.DONE:
        parts.append(f"{end.value} ({log.path(context.environment.logs_dir)})")
    elif not won.caches:
        parts = ["nothing dead was left to remove"]
    removed = ", ".join(part for part in parts if part)
    # What refuses it, trigger pre-build, looks again, and says so itself.
    goes_on = "" if policy.refuses_deploys(context.environment) else "; the deploy goes on"
    context.console.warn(f"{removed[0].upper()}{removed[1:]}{goes_on}")
    for could_go in pressure.left_by_hand(context) or ["'dokku cache:list' shows what could go, the biggest first"]:
        context.console.warn(f"By hand: {could_go}")
