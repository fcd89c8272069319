"""Low disk before a build: triggers ``pre-receive-app`` and ``pre-build``.

Every deploy waits for this module, so that the removal, and all it imports, is in a process of its own.
"""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from dokku_cache.automatic import background, low_disk
from dokku_cache.context import Context
from dokku_cache.dokku import policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.output import log, text
from dokku_cache.records import history
from dokku_cache.tree.mounts import FileSystem

#: For how long a deploy waits for the removal; the rest is removed in the background.
WAIT_SECONDS = 60.0


class _End(Enum):
    """How the removal ended, in the words of the message for the deploy."""

    DONE = ""
    CONTINUES = "the removal continues in the background"
    FAILED = "some caches could not be checked or removed"


@dataclass(frozen=True)
class _Removed:
    """What the history has: bytes, as far as sizes are known, and how many caches."""

    size_bytes: int = 0
    caches: int = 0

    def since(self, before: "_Removed") -> "_Removed":
        """Return the difference."""
        return _Removed(self.size_bytes - before.size_bytes, self.caches - before.caches)

    @property
    def described(self) -> str:
        """Describe it; empty where it is nothing."""
        if self.size_bytes > 0:
            return f"removed {text.size(self.size_bytes)} of unused caches"
        return f"removed {text.count(self.caches, 'unused cache')} of unknown size" if self.caches > 0 else ""


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Run one trigger. ``arguments``: ``pre-receive-app`` or ``pre-build``, then the app being deployed."""
    part, app = (*arguments, "", "")[:2]
    return _refuse(context) if part == "pre-build" else _make_space(context, app)


def _make_space(context: Context, app: str) -> ExitCode:
    """Remove every unused cache where a disk is low. Prints changes only, not the same at every deploy."""
    environment = context.environment
    low = low_disk.low_file_systems(environment)
    has_changed = low_disk.record(environment, low)
    if not low:
        if has_changed:
            found = "; ".join(low_disk.described(each) for each in low_disk.file_systems(environment))
            context.console.section(f"Enough free space again: {found}")
        return ExitCode.OK
    before = _removed_so_far(environment)
    end = _remove(context, app)
    removed = _removed_so_far(environment).since(before)
    if removed.caches > 0:
        low_disk.wait_for_space(environment)
    if has_changed or removed.caches > 0:
        _report(context, low, removed, end)
    low_disk.record(environment, low_disk.low_file_systems(environment))
    return ExitCode.OK


def _refuse(context: Context) -> ExitCode:
    """Refuse the deploy where ``min-free-action`` is ``refuse`` and a disk stays low."""
    if not policy.refuses_deploys(context.environment) or not low_disk.wait_for_space(context.environment):
        return ExitCode.OK
    warn = context.console.warn
    warn("Deploy refused: not enough free disk space for a build. Running containers are not affected")
    warn("To find the largest caches: 'dokku cache:list'")
    warn("To deploy anyway: 'dokku cache:set --global min-free-action warn'")
    return ExitCode.DEPLOY_REFUSED


def _removed_so_far(environment: DokkuEnvironment) -> _Removed:
    try:
        found = history.read(environment)
    except CacheError:
        return _Removed()
    return _Removed(found.freed_bytes, found.purges)


def _remove(context: Context, app: str) -> _End:
    """Start the removal, and wait for it."""
    try:
        code = background.start(context.environment, "low-disk-removal", app, is_gentle=False).wait(WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        return _End.CONTINUES
    except OSError as error:
        raise CacheError(
            f"Could not start the removal of unused caches ({error.strerror})", "list them with 'dokku cache:list'"
        ) from error
    return _End.FAILED if code else _End.DONE


def _report(context: Context, were_low: Sequence[FileSystem], removed: _Removed, end: _End) -> None:
    paths = {found.path for found in were_low}
    now = [found for found in low_disk.file_systems(context.environment) if found.path in paths]
    room = "; ".join(low_disk.described(each) for each in now or were_low)
    context.console.warn(f"Low disk space: {room}")
    parts = [removed.described]
    if end is not _End.DONE:
        parts.append(f"{end.value} ({log.path(context.environment.logs_dir)})")
    elif not removed.caches:
        parts = ["there are no unused caches to remove"]
    sentence = ", ".join(part for part in parts if part)
    # Trigger pre-build, which refuses it, checks again and prints its own message.
    continues = "" if policy.refuses_deploys(context.environment) else ". The deploy continues"
    context.console.warn(f"{sentence[0].upper()}{sentence[1:]}{continues}")
    for removable in low_disk.removable_manually(context) or ["list all caches with 'dokku cache:list'"]:
        context.console.warn(f"To free more: {removable}")
