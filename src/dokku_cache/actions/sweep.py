"""The automatic policy: for apps, for the whole server, for caches above a limit, and after an upgrade of Dokku."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dokku_cache.dokku import apps, files, history, plugn, policy, state_files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.history import Record
from dokku_cache.engine import storage
from dokku_cache.model.cache import Kind
from dokku_cache.model.errors import CacheError, ExitCode, NotDue
from dokku_cache.model.finding import Decision, Finding, Result
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.output import text
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.recorded import purge, record
from dokku_cache.purge.volume_purger import plan_volumes
from dokku_cache.rules.removal import decide
from dokku_cache.survey.context import Context
from dokku_cache.survey.scanning import measure_candidates
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import purging
from dokku_cache.views.purging import Subject

RECORD_NAME = "dokku-version"
UPGRADE_LOCK = "upgrade.lock"


def sweep_server(context: Context, initiator: Initiator, deploying: str = "") -> ExitCode:
    """Apply the policy to every app, and return the worst exit code.

    ``deploying``: the app whose deploy waits for this; its deploy lock is ignored, as no build uses these caches.
    Volumes that cannot be examined are a warning. A Docker that does not respond is reported once.
    """
    worst = sweep_apps(context, apps.every(), initiator, deploying)
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


def sweep_apps(
    context: Context,
    names: Sequence[str],
    initiator: Initiator,
    deploying: str = "",
    visible: frozenset[str] | None = None,
) -> ExitCode:
    """Apply the policy to the directories of apps.

    A cache that may not be removed is kept, which is not a failure; a purge that does not finish is. ``visible``: the
    apps that the caller may see, None for all.
    """
    with Watcher(context.console) as watcher:
        if not context.console.is_log:
            watcher.asking()
        found = Surveyor(context.environment, context.engine, visible).survey(names)
    existing = [finding for finding in found if finding.verdict.state is not State.ABSENT]
    if not existing:
        context.console.detail("No legacy caches found")
        return ExitCode.OK

    def request(finding: Finding) -> Request:
        return request_for(context, finding.app, initiator, in_deploy=finding.app == deploying)

    results = apply_policy(context, existing, request)
    if initiator is not Initiator.LOW_DISK or any(result.outcome for result in results):
        purging.show_total(context.console, Subject.DIRECTORIES, results)
    return max((result.exit_code for result in results), default=ExitCode.OK)


def plan_apps(context: Context, names: Sequence[str], visible: frozenset[str] | None = None) -> list[Decision]:
    """Plan what the policy would do with directories; what may be removed is scanned. Raises CacheError."""
    surveyor = Surveyor(context.environment, context.engine, visible)
    planned = []
    for finding in surveyor.survey(names):
        request = request_for(context, finding.app, Initiator.MANUAL)
        planned += [decide(one, request) for one in measure_candidates(surveyor, [finding], request, context.console)]
    return planned


def request_for(context: Context, app: str, initiator: Initiator, *, in_deploy: bool = False) -> Request:
    """Return the request of the policy for an app. A destroyed app has no properties; the global ones apply.

    Raises CacheError when the property cannot be read.
    """
    auto_purge = policy.is_auto_purge_on(context.environment, app)
    return Request(initiator, auto_purge=auto_purge, in_deploy=in_deploy, is_policy=True)


def apply_policy(
    context: Context, findings: Sequence[Finding], request_of: Callable[[Finding], Request]
) -> list[Result]:
    """Apply the policy to caches, and print each result as soon as it is known; a failure does not end the rest."""
    results = []
    for finding in findings:
        try:
            request = request_of(finding)
            result = purge(context, finding, request)
        except CacheError as error:  # the policy could not be read
            result = Result(finding, error=error)
        else:
            if request.initiator is Initiator.LOW_DISK and isinstance(result.error, NotDue):
                # Not at each deploy on a full disk: the daily run reports what is kept.
                result = replace(result, error=None)
                if result.outcome is None:
                    continue
        # A cache that cannot be removed is in the log once a day, not after each deploy.
        if not (result.is_repeated and request.initiator is Initiator.DEPLOY):
            purging.show_result(context.console, result, is_automatic=True)
        results.append(result)
    return results


def sweep_volumes(context: Context, initiator: Initiator) -> ExitCode:
    """Apply the policy to the volumes of destroyed apps. Raises CacheError when none can be classified."""
    limit = storage.BRIEF_LIMIT_SECONDS if initiator is Initiator.LOW_DISK else storage.LIMIT_SECONDS
    request = request_for(context, policy.GLOBAL, initiator)
    return _apply_to_volumes(context, plan_volumes(context, request, limit_seconds=limit), request)


def _apply_to_volumes(context: Context, decisions: Sequence[Decision], request: Request) -> ExitCode:
    """Remove the volumes of a plan, and print what is kept and the total."""
    ordered = sorted(decisions, key=lambda decision: decision.is_removal)
    results = apply_policy(context, [decision.finding for decision in ordered], lambda _: request)
    if any(decision.is_removal for decision in decisions):
        purging.show_total(context.console, Subject.VOLUMES, results)
    return max((result.exit_code for result in results), default=ExitCode.OK)


def keep_app_within(context: Context, app: str, initiator: Initiator) -> None:
    """Remove the cache volumes of an app if they exceed its ``max-size``; print that, or why they are kept.

    Raises CacheError when something cannot be read.
    """
    limit = policy.max_bytes(context.environment, app)
    if limit is None:
        return
    request = Request(initiator, auto_purge=True, is_over_limit=True)  # the property is read below
    decisions = plan_volumes(context, request, [app])
    size_bytes = sum(one.finding.size.size_bytes for one in decisions if one.is_removal and one.finding.size)
    if size_bytes <= limit:
        return
    context.console.detail(f"{app}: its cache volumes use {text.size(size_bytes)}, max-size is {text.size(limit)}")
    if policy.is_auto_purge_on(context.environment, app):
        _apply_to_volumes(context, decisions, request)
    else:
        context.console.detail(f"{app}: volumes kept, auto-purge is off")


def keep_engine_within(context: Context) -> None:
    """Let Docker prune its build cache if it exceeds ``engine-max-size`` and no app is being deployed.

    Raises CacheError.
    """
    limit = policy.max_bytes(context.environment, policy.GLOBAL, policy.ENGINE_MAX_SIZE)
    if limit is None:
        return
    used = storage.disk_usage(context.engine.another()).build_cache.size_bytes
    if used <= limit:
        return
    if not policy.is_auto_purge_on(context.environment, policy.GLOBAL):
        context.console.detail("Docker's build cache: kept, auto-purge is off")
        return
    building = next((app for app in apps.every() if apps.is_being_deployed(context.environment, app)), "")
    if building:
        context.console.detail(f"Docker's build cache: kept, {building} is being deployed")
        return
    pruned = Record("", history.now(), Initiator.CRON.value, kind=Kind.ENGINE.value)
    try:
        freed = storage.prune_build_cache(context.engine, limit)
    except CacheError as error:
        record(context, replace(pruned, failure=str(error)))
        raise
    record(context, replace(pruned, at=history.now(), size_bytes=freed))
    amount = f"{text.size(freed)} of {text.size(used)}"
    context.console.section(f"Docker's build cache: removed {amount}, engine-max-size is {text.size(limit)}")


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

    ``relay`` gets its output. Returns whether it was fired. The trigger records the version at its end, so that a
    sweep that was killed is repeated. A lost record, as after a power cut, is written again without a sweep. Raises
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
