"""``dokku cache:purge-volumes``: removes Docker volumes in which builds keep their caches."""

from argparse import Namespace
from collections import Counter
from collections.abc import Sequence

from dokku_cache.actions.purging import Call, is_confirmed, visible_apps
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode, Refused
from dokku_cache.model.finding import Decision, Result
from dokku_cache.model.state import Request
from dokku_cache.output import text
from dokku_cache.output.progress import Watcher
from dokku_cache.purge import volume_purger
from dokku_cache.purge.recorded import purge
from dokku_cache.rules.volumes import UNDETERMINED
from dokku_cache.views import purging
from dokku_cache.views.purging import Subject


def run(context: Context, options: Namespace) -> ExitCode:
    """Remove the cache volumes of the named apps, or of all destroyed apps, or show the plan."""
    call = Call(context, options)
    is_orphaned = options.is_orphaned
    call.check("--orphaned", is_all=is_orphaned)
    visible = visible_apps(context)
    if is_orphaned and not context.sees_every_app(visible):
        raise Refused(
            "--orphaned needs access to all apps, because the volumes may belong to another user's app",
            "ask an administrator of this server, or name your apps: 'dokku cache:purge-volumes <app>'",
        )
    chosen, worst = call.known_apps(visible)
    request = Request(is_named=not is_orphaned, visible=visible)
    decisions: list[Decision] = []
    if is_orphaned or chosen:
        with Watcher(context.console) as watcher:
            watcher.asking()
            decisions = volume_purger.decide_all(context, request, chosen)
        decisions = volume_purger.with_sizes(context, decisions, request)
    plan = {Subject.VOLUMES: decisions}
    if options.is_dry_run:
        call.show_plan(plan)
        return worst
    if is_orphaned:
        needs_answer = not options.is_force and any(decision.is_removal for decision in decisions)
        question = "Remove these volumes?"
        if needs_answer and not is_confirmed(context.console, lambda: plan, "--orphaned", question):
            return ExitCode.FAILED
        worst = max(worst, _warn_of_undetermined(context, decisions))
    _show_absent(context, chosen, decisions, is_orphaned=is_orphaned)
    return max(worst, _purge(context, decisions, request))


def _warn_of_undetermined(context: Context, decisions: Sequence[Decision]) -> ExitCode:
    """Warn once per cause of the volumes whose use could not be determined."""
    causes = Counter(one.kept.reason for one in decisions if one.kept and one.kept.code in UNDETERMINED)
    for cause, number in causes.items():
        hint = "these volumes were kept; fix the cause, then purge again"
        context.console.warn(f"Could not check {text.count(number, 'cache volume')}: {cause}", hint)
    return ExitCode.FAILED if causes else ExitCode.OK


def _show_absent(
    context: Context, chosen: Sequence[str], decisions: Sequence[Decision], *, is_orphaned: bool
) -> None:
    apps = {decision.app for decision in decisions}
    for app in chosen:
        if app not in apps:
            context.console.detail(f"{app} has no cache volumes")
    is_relevant = any(one.kept is None or one.kept.code in UNDETERMINED for one in decisions)
    if is_orphaned and not is_relevant:
        context.console.detail("No cache volumes of destroyed apps found")


def _purge(context: Context, decisions: Sequence[Decision], request: Request) -> ExitCode:
    """Remove one after the other; a failure does not end the rest. Gives the worst exit code."""
    results: list[Result] = []
    for decision in decisions:
        # With --orphaned, what is kept was not asked for.
        if decision.is_removal or request.is_named:
            result = purge(context, decision.finding, request)
            purging.show_result(context.console, result)
            results.append(result)
    if len(decisions) > 1:
        purging.show_total(context.console, Subject.VOLUMES, results)
    return max((result.exit_code for result in results), default=ExitCode.OK)
