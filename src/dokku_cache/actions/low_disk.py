"""Low disk space before a build: triggers ``pre-receive-app`` and ``pre-build``."""

import contextlib
import signal
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.actions import background, free_space
from dokku_cache.actions.background import failures_in_log, log_console
from dokku_cache.actions.sweep import sweep_server
from dokku_cache.dokku import apps, history, policy, state_files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.history import History
from dokku_cache.engine import storage
from dokku_cache.model.errors import CacheError, ExitCode
from dokku_cache.model.state import Initiator, Request
from dokku_cache.output import log, text
from dokku_cache.rules.removal import decide
from dokku_cache.survey.context import Context
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.survey.volumes import survey_volumes
from dokku_cache.tree.mounts import FileSystem

#: A deploy waits so long for the removal, which then continues in the background.
WAIT_SECONDS = 60.0
LOCK = "low-disk.lock"
_SUBJECT = "low disk space"
_MAX_NAMED = 3


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Run one trigger. ``arguments``: ``pre-receive-app`` or ``pre-build``, then the app being deployed."""
    part, app = (*arguments, "", "")[:2]
    return _refuse(context) if part == "pre-build" else _make_space(context, app)


def _make_space(context: Context, app: str) -> ExitCode:
    """Remove every unused cache where a disk is low. Prints only changes, not the same at every deploy."""
    environment = context.environment
    low = free_space.low_file_systems(environment)
    has_changed = free_space.record(environment, low)
    if not low:
        if has_changed:
            context.console.section(f"Enough free space again: {_described(free_space.file_systems(environment))}")
        return ExitCode.OK
    before = _history(environment)
    problem = _remove(context, app)
    after = _history(environment)
    count = after.purges - before.purges
    if count > 0:
        free_space.wait_for_space(environment)
    if has_changed or count > 0:
        size_bytes = after.freed_bytes - before.freed_bytes
        unsized = f"removed {text.count(count, 'unused cache')} of unknown size" if count > 0 else ""
        removed = f"removed {text.size(size_bytes)} of unused caches" if size_bytes > 0 else unsized
        _report(context, low, removed, problem)
    free_space.record(environment, free_space.low_file_systems(environment))
    return ExitCode.OK


def _refuse(context: Context) -> ExitCode:
    """Refuse the deploy if ``min-free-action`` is ``refuse`` and a disk is still low."""
    if not policy.refuses_deploys(context.environment) or not free_space.wait_for_space(context.environment):
        return ExitCode.OK
    warn = context.console.warn
    warn("Deploy refused: not enough free disk space for a build. Running containers are not affected")
    warn("To find the largest caches: 'dokku cache:list'")
    warn("To deploy anyway: 'dokku cache:set --global min-free-action warn'")
    return ExitCode.DEPLOY_REFUSED


def _history(environment: DokkuEnvironment) -> History:
    with contextlib.suppress(CacheError):
        return history.read(environment)
    return History()


def _remove(context: Context, app: str) -> str:
    """Start the removal, and wait for it. Returns what is to be reported about its end, or an empty text."""
    try:
        code = background.start(context.environment, "low-disk-removal", app).wait(WAIT_SECONDS)
    except subprocess.TimeoutExpired:
        return "the removal continues in the background"
    except OSError as error:
        raise CacheError(
            f"Could not start the removal of unused caches ({error.strerror})", "list them with 'dokku cache:list'"
        ) from error
    return "some caches could not be checked or removed" if code else ""


def _report(context: Context, were_low: Sequence[FileSystem], removed: str, problem: str) -> None:
    paths = {found.path for found in were_low}
    now = [found for found in free_space.file_systems(context.environment) if found.path in paths]
    context.console.warn(f"Low disk space: {_described(now or were_low)}")
    parts = [removed, f"{problem} ({log.path(context.environment.logs_dir)})" if problem else ""]
    sentence = ", ".join(part for part in parts if part) or "there are no unused caches to remove"
    # Trigger pre-build, which refuses it, checks again and prints its own message.
    continues = "" if policy.refuses_deploys(context.environment) else ". The deploy continues"
    context.console.warn(f"{sentence[0].upper()}{sentence[1:]}{continues}")
    for removable in _removable_manually(context) or ["list all caches with 'dokku cache:list'"]:
        context.console.warn(f"To free more: {removable}")


def _described(found: Sequence[FileSystem]) -> str:
    return "; ".join(describe(each) for each in found)


def describe(found: FileSystem) -> str:
    """Describe the free space of a file system, and its inodes if they are scarcer."""
    share = found.free_bytes / found.total_bytes
    space = f"{text.size(found.free_bytes)} of {text.size(found.total_bytes)} free ({100 * share:.1f}%)"
    if found.total_inodes and found.free_inodes is not None and found.free_inodes / found.total_inodes < share:
        space += f", {found.free_inodes:,} of {found.total_inodes:,} inodes"
    return f"{space} on {found.path}"


def _removable_manually(context: Context) -> list[str]:
    """Return commands that would free more, the largest first; none where Docker does not respond in time."""
    visible = frozenset(apps.visible())
    listed = frozenset(apps.every())
    request = Request(Initiator.MANUAL, is_named=True, visible=visible)
    context.engine.wait_at_most(storage.BRIEF_LIMIT_SECONDS)
    try:
        usage = storage.disk_usage(context.engine.another(), storage.BRIEF_LIMIT_SECONDS)
        volumes = survey_volumes(Surveyor(context.environment, context.engine, visible), listed)
    except CacheError:
        return []
    found = Counter({"docker builder prune": usage.build_cache.reclaimable_bytes} if listed <= visible else {})
    for volume in volumes:
        if volume.app in visible and decide(volume, request).is_removal:
            found[f"dokku cache:purge-volumes {volume.app}"] += usage.volume_bytes.get(volume.location.path, 0)
    largest = found.most_common(_MAX_NAMED)
    return [f"'{command}' ({text.size(size_bytes)})" for command, size_bytes in largest if size_bytes]


def removal(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Remove every unused cache of the server, in the process that a deploy waits for. ``arguments``: the app."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    context = replace(context, console=log_console(context, _SUBJECT))
    with (
        failures_in_log(context, _SUBJECT),
        # Another deploy may be removing the same caches.
        state_files.lock(context.environment, LOCK, WAIT_SECONDS) as is_alone,
    ):
        return sweep_server(context, Initiator.LOW_DISK, "".join(arguments[:1])) if is_alone else ExitCode.OK
    return ExitCode.FAILED
