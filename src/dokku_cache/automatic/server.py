"""Sweeping a whole server, the dry run of that, and noticing that Dokku was upgraded."""

from collections.abc import Callable, Sequence

from dokku_cache.automatic.sweep import request_for, sweep, sweep_volumes
from dokku_cache.context import Context
from dokku_cache.dokku import apps, files, plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.model.finding import Decision
from dokku_cache.model.state import Initiator
from dokku_cache.output.progress import Watcher
from dokku_cache.records import state_files
from dokku_cache.rules.removal import candidates, decide
from dokku_cache.survey.scanning import measure_finding
from dokku_cache.survey.surveyor import Surveyor

RECORD_NAME = "dokku-version"
UPGRADE_LOCK = "upgrade.lock"


def sweep_server(context: Context, initiator: Initiator, deploying: str = "") -> ExitCode:
    """Apply the policy to every app, and return the worst exit code.

    ``deploying``: the app whose deploy waits for this; its deploy lock is ignored, as no build uses these caches.
    Volumes that cannot be examined are a warning. A Docker that does not respond is reported once.
    """
    worst = sweep(context, apps.every(), initiator, deploying)
    try:
        worst = max(worst, sweep_volumes(context, initiator))
    except CacheError as error:
        worst = max(worst, error.exit_code)
        if error is not context.engine.trouble:
            context.console.warn(f"Cache volumes are kept: {error}", error.hint)
    trouble = context.engine.trouble
    if trouble:
        context.console.warn(f"Caches could not be checked: {trouble}", trouble.hint)
    return worst


def plan_sweep(context: Context, names: Sequence[str], visible: frozenset[str] | None = None) -> list[Decision]:
    """Plan what the policy would do with directories; what may be removed is scanned. Raises CacheError."""
    surveyor = Surveyor(context.environment, context.engine, visible)
    planned = []
    with Watcher(context.console) as watcher:
        for finding in surveyor.survey(names):
            request, measured = request_for(context, finding.app, Initiator.CRON), finding
            if candidates(finding, request):
                measured = measure_finding(surveyor, finding, watcher, context.console)
            planned.append(decide(measured, request))
    return planned


def recorded_version(environment: DokkuEnvironment) -> str:
    """Return Dokku's version as it was recorded last, empty where none is known. Raises CacheError."""
    return state_files.read(environment, RECORD_NAME)


def record_version(environment: DokkuEnvironment, installed: str) -> None:
    """Record a version. Raises CacheError."""
    state_files.write(environment, RECORD_NAME, installed)


def upgraded_versions(environment: DokkuEnvironment) -> tuple[str, str] | None:
    """Return the recorded and the installed version if both are known and differ. Raises CacheError."""
    before, now = recorded_version(environment), files.dokku_version_text(environment.lib_root)
    return (before, now) if before and now and before != now else None


def fire_post_upgrade_if_due(environment: DokkuEnvironment, relay: Callable[[str], None]) -> bool:
    """Fire ``post-upgrade <from> <to>`` if Dokku was upgraded, unless another process does so now.

    ``relay`` gets its output. Tells whether it was fired. The trigger records the version at its end, so that a sweep
    that was killed is repeated. A lost record, as after a power cut, is written again without a sweep. Raises
    CacheError.
    """
    with state_files.lock(environment, UPGRADE_LOCK) as is_alone:
        if not is_alone:
            return False
        if not recorded_version(environment) and (now := files.dokku_version_text(environment.lib_root)):
            record_version(environment, now)
        versions = upgraded_versions(environment)
        for line in plugn.stream("post-upgrade", *versions) if versions else ():
            relay(line)
        return versions is not None
