"""Trigger ``pre-receive-app``: before a build too little is free, or enough again. The door has looked."""

import subprocess
from collections.abc import Sequence

from dokku_cache.automatic import detached, pressure
from dokku_cache.context import Context
from dokku_cache.dokku import policy
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.output import log, text
from dokku_cache.records import history

#: For how long a deploy waits for what is removed; the rest goes on without it.
WAIT_SECONDS = 60.0


def run(context: Context, _arguments: Sequence[str]) -> ExitCode:
    """Have all removed that is dead, and say what that won and what is left to do by hand, a line each."""
    environment = context.environment
    low = pressure.low_ones(environment)
    has_changed = pressure.note(environment, low)
    if not low:
        if has_changed:
            found = "; ".join(pressure.described(each) for each in pressure.file_systems(environment))
            context.console.section(f"There is room again: {found}")
        return ExitCode.OK
    before = history.read(environment).freed_bytes
    is_done = _relieve(context)
    won = history.read(environment).freed_bytes - before
    # Once is enough, until something changes: who deploys all day need not read it each time.
    if has_changed or won > 0:
        _tell(context, won, is_done=is_done)
    pressure.note(environment, pressure.low_ones(environment))
    return ExitCode.OK


def _relieve(context: Context) -> bool:
    """Start what removes, and wait for it; tell whether it is done."""
    try:
        detached.start(context.environment, "relieve", is_gentle=False).wait(WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    except OSError as error:
        raise CacheError(
            f"Nothing dead can be removed now ({error.strerror})", "look with 'dokku cache:list'"
        ) from error
    return True


def _tell(context: Context, won: int, *, is_done: bool) -> None:
    found = pressure.low_ones(context.environment) or pressure.file_systems(context.environment)
    room = "; ".join(pressure.described(each) for each in found)
    context.console.warn(f"Little room for a build: {room}")
    removed = f"Removed dead caches, which freed {text.size(won)}" if won > 0 else "There was no dead cache to remove"
    if not is_done:
        removed += f"; more go in the background, see {log.path(context.environment.logs_dir)}"
    # What refuses it, trigger pre-build, looks again, and says so itself.
    goes_on = "" if policy.refuses_deploys(context.environment) else "; the deploy goes on"
    context.console.warn(f"{removed}{goes_on}")
    for could_go in pressure.left_by_hand(context) or ["'dokku cache:list' shows what could go, the biggest first"]:
        context.console.warn(f"By hand: {could_go}")
