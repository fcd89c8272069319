"""Trigger ``pre-receive-app``: before a build too little is free, or enough again. The door has looked."""

import subprocess
from collections.abc import Sequence

from dokku_cache.automatic import detached, pressure
from dokku_cache.context import Context
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.output import log, text
from dokku_cache.records import history
from dokku_cache.tree.file_system import FileSystem

#: For how long a deploy waits for what is removed; the rest goes on without it.
WAIT_SECONDS = 60.0


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Have all removed that is dead, and say what that won and what is left to do, in two lines."""
    environment = context.environment
    low = pressure.low_ones(environment)
    has_changed = pressure.note(environment, low)
    if not low:
        if has_changed:
            found = "; ".join(pressure.described(each) for each in pressure.file_systems(environment))
            context.console.section(f"There is room again: {found}")
        return ExitCode.OK
    before = history.read(environment).freed_bytes
    is_done = _relieve(context, *arguments[:1])
    won = history.read(environment).freed_bytes - before
    # Once is enough, until something changes: who deploys all day need not read it each time.
    if has_changed or won > 0:
        _tell(context, low, won, is_done=is_done)
    pressure.note(environment, pressure.low_ones(environment))
    return ExitCode.OK


def _relieve(context: Context, *app: str) -> bool:
    """Start what removes, and wait for it; tell whether it is done."""
    try:
        detached.start(context.environment, "relieve", *app, is_gentle=False).wait(WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    except OSError as error:
        raise CacheError(
            f"Nothing dead can be removed now ({error.strerror})", "look with 'dokku cache:list'"
        ) from error
    return True


def _tell(context: Context, were_low: Sequence[FileSystem], won: int, *, is_done: bool) -> None:
    paths = {found.path for found in were_low}
    now = [found for found in pressure.file_systems(context.environment) if found.path in paths]
    removed = f"freed {text.size(won)} of dead caches" if won > 0 else "nothing dead was left to remove"
    if not is_done:
        removed += f", the rest goes on in the background ({log.path(context.environment.logs_dir)})"
    room = "; ".join(pressure.described(each) for each in now or were_low)
    context.console.warn(f"Little room for a build, {room}: {removed}")
    by_hand = pressure.left_by_hand(context)
    context.console.warn(
        f"By hand: {by_hand}"
        if by_hand
        else "By hand: 'dokku cache:list' shows what else could go, the biggest first"
    )
