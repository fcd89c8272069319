"""``dokku cache:auto-purge``: applies the automatic policy now. What cron runs daily, with ``--daily``."""

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dokku_cache.actions import free_space, sweep
from dokku_cache.actions.background import log_console
from dokku_cache.actions.purging import known_apps, show_plan
from dokku_cache.dokku import apps, daily_run, policy
from dokku_cache.model.errors import CacheError, ExitCode, UsageError
from dokku_cache.model.state import Initiator
from dokku_cache.output import log
from dokku_cache.purge.volume_purger import plan_volumes
from dokku_cache.survey.context import Context
from dokku_cache.views.purging import Subject

#: As Dokku names the caller: root's own commands have it, and the daily job; a user of ssh never does.
ROOT = "root"


def run(context: Context, options: Namespace) -> ExitCode:
    """Sweep the named apps, or all that the user may see; before that, see whether Dokku was upgraded.

    A dry run shows what that would do now.
    """
    if options.is_dry_run:
        context.engine.only_read()
    if options.is_daily:
        if options.is_dry_run:
            raise UsageError(
                "--daily and --dry-run cannot be combined", "preview with 'dokku cache:auto-purge --dry-run'"
            )
        if options.apps or os.environ.get("SSH_USER") != ROOT:
            raise UsageError("--daily is for root only, and for all apps")
        return _run_daily(context)
    visible = frozenset(apps.visible())
    named, worst = known_apps(context, options.apps, visible)
    if options.apps and not named:
        return worst
    # A volume of a destroyed app could be another user's.
    is_for_all = not options.apps and apps.are_all(visible)
    chosen = named or sorted(visible)
    if options.is_dry_run:
        planned = {Subject.DIRECTORIES: sweep.plan_apps(context, chosen, visible)}
        if is_for_all:
            request = sweep.request_for(context, policy.GLOBAL, Initiator.MANUAL)
            planned[Subject.VOLUMES] = plan_volumes(context, request)
        show_plan(context, planned, options.format)
        return worst
    if is_for_all and _swept_after_upgrade(context):
        return ExitCode.OK
    worst = max(worst, sweep.sweep_apps(context, chosen, Initiator.MANUAL, visible=visible))
    return max(worst, sweep.sweep_volumes(context, Initiator.MANUAL)) if is_for_all else worst


def _run_daily(context: Context) -> ExitCode:
    """Sweep all apps. The log has every line, standard error each reason for a failure once."""
    environment, warned = context.environment, list[str]()
    with daily_run.recorded(environment) as reasons:
        logged = replace(context, console=log_console(context, "daily run", warned=warned))
        change = _engine_change(context)
        if change:
            reasons.append(change)
            code = ExitCode.FAILED
        else:
            code = ExitCode.OK if _swept_after_upgrade(logged) else sweep.sweep_server(logged, Initiator.CRON)
        if not (change or context.engine.trouble):
            try:
                free_space.record_engine_roots(environment, context.engine.data_roots())
                sweep.keep_engine_within(logged)
            except CacheError as error:
                logged.console.warn(f"Docker's build cache: {error}", error.hint)
        messages = [*reasons, *warned]
        if context.engine.trouble:
            reasons.append("Docker is not available")
        if warned or code:
            reasons.append(f"for details, see {log.path(environment.logs_dir)}")
    for line in _by_reason(messages):
        context.console.warn(line)
    return max(code, ExitCode.FAILED) if reasons else code


def _engine_change(context: Context) -> str:
    try:
        return daily_run.engine_change(context.environment, context.engine.engine_id())
    except CacheError:
        return ""  # an engine that does not respond keeps everything in any case


def _by_reason(lines: Sequence[str]) -> Iterator[str]:
    """Merge lines that have the same reason for several apps."""
    named: dict[str, list[str]] = {}
    for line in lines:
        app, _, reason = line.partition(": ")
        app, reason = (app, reason) if reason and apps.is_valid(app) else ("", line)
        named.setdefault(reason, []).append(app)
    for reason, names in named.items():
        listed = ", ".join(dict.fromkeys(name for name in names if name))
        yield f"{listed}: {reason}" if listed else reason


def _swept_after_upgrade(context: Context) -> bool:
    """See whether Dokku was upgraded: trigger ``post-upgrade`` then sweeps every app. Warns when it fails."""
    try:
        return sweep.fire_post_upgrade_if_due(context.environment, context.console.relay)
    except CacheError as error:
        context.console.warn(str(error), error.hint)
        return False
