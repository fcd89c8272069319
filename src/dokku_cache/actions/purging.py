"""The commands ``cache:purge-legacy`` and ``cache:purge-volumes``, and what all purge commands share."""

from argparse import Namespace
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from dokku_cache.actions.arguments import STDOUT
from dokku_cache.dokku import apps
from dokku_cache.model.errors import CacheError, ExitCode, Refused, Unverified, UsageError
from dokku_cache.model.finding import Decision, Finding, Result
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.output import text
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.recorded import purge
from dokku_cache.purge.volume_purger import plan_volumes
from dokku_cache.rules.removal import candidates, decide, refusal
from dokku_cache.rules.volumes import UNDETERMINED
from dokku_cache.survey import disks
from dokku_cache.survey.context import Context
from dokku_cache.survey.scanning import measure_candidates, measure_finding
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import purging
from dokku_cache.views.purging import Subject

#: A plan: the decisions on each subject, in the order in which they are shown.
Plan = Mapping[Subject, Sequence[Decision]]


def known_apps(context: Context, names: Sequence[str], visible: Collection[str]) -> tuple[list[str], ExitCode]:
    """Return the named apps that exist, warn of the others, and return the worst exit code."""
    known: list[str] = []
    worst = ExitCode.OK
    for name in names:
        try:
            known.append(apps.verify(name, visible))
        except CacheError as error:
            context.console.warn(str(error), error.hint)
            worst = max(worst, error.exit_code)
    return known, worst


def show_plan(context: Context, plan: Plan, format_name: str = STDOUT) -> None:
    """Print a plan for a person, or in a format for programs."""
    if format_name == STDOUT:
        for subject, decisions in plan.items():
            purging.show_plan(context.console, subject, decisions)
    else:
        values = purging.plan_values(decision for decisions in plan.values() for decision in decisions)
        context.console.result(text.serialized(values, format_name))


def _visible_apps(context: Context, options: Namespace, flag: str, *, is_all: bool) -> frozenset[str]:
    """Check which apps a command is for, and return all that the user may see. A dry run only reads from Docker."""
    if is_all and options.apps:
        raise UsageError(f"Name apps or use {flag}, not both")
    if not is_all and not options.apps:
        raise UsageError("Please specify an app to run the command on")
    if options.is_dry_run:
        context.engine.only_read()
    with Watcher(context.console) as watcher:
        watcher.asking()
        return frozenset(apps.visible())


def _check_interactive(context: Context, flag: str) -> None:
    if not context.console.is_interactive:
        raise UsageError(
            f"{flag} needs confirmation, and there is no terminal to ask for it",
            "preview with --dry-run, then add --force",
        )


def _is_confirmed(context: Context, plan: Plan, question: str) -> bool:
    show_plan(context, plan)
    if context.console.ask(question):
        return True
    context.console.warn("Nothing was removed")
    return False


def purge_legacy(context: Context, options: Namespace) -> ExitCode:
    """Purge the named apps, or all that have a cache, or show what that would do."""
    is_all = options.is_all
    visible = _visible_apps(context, options, "--all", is_all=is_all)
    chosen, worst = (sorted(visible), ExitCode.OK) if is_all else known_apps(context, options.apps, visible)
    surveyor = Surveyor(context.environment, context.engine, visible)
    with Watcher(context.console) as watcher:
        watcher.asking()
        findings = surveyor.survey(chosen, is_rechecked=not options.is_dry_run)
    # --force answers for one named app; several unverified directories are confirmed one by one.
    confirmed = options.is_force and len(options.apps) == 1
    request = Request(Initiator.MANUAL, is_named=not is_all, is_confirmed=confirmed, visible=visible)
    if options.is_dry_run:
        show_plan(context, _plan(context, surveyor, findings, request), options.format)
        return worst  # a plan that keeps something is not a failure
    if is_all:
        findings = tuple(finding for finding in findings if finding.verdict.state is not State.ABSENT)
        if not findings:
            context.console.detail("No legacy caches found")
        if findings and not options.is_force:
            if any(candidates(finding, request) for finding in findings):
                _check_interactive(context, "--all")  # before the scan
            plan = _plan(context, surveyor, findings, request)
            decisions = plan[Subject.DIRECTORIES]
            if any(decision.kept and decision.kept.state is State.UNKNOWN for decision in decisions):
                worst = max(worst, ExitCode.FAILED)
            if not any(decision.is_removal for decision in decisions):
                show_plan(context, plan)
                return worst
            if not _is_confirmed(context, plan, "Remove these legacy caches?"):
                return ExitCode.FAILED
            # What the plan keeps was not asked for, whatever the cache has become since.
            findings = tuple(decision.finding for decision in decisions if decision.is_removal)
    return max(worst, _purge_each(context, surveyor, findings, request, is_several=len(chosen) > 1))


def _plan(context: Context, surveyor: Surveyor, findings: Sequence[Finding], request: Request) -> Plan:
    measured = measure_candidates(surveyor, findings, request, context.console)
    return {Subject.DIRECTORIES: [decide(finding, request) for finding in measured]}


def _purge_each(
    context: Context, surveyor: Surveyor, findings: Sequence[Finding], request: Request, *, is_several: bool
) -> ExitCode:
    """Purge one app after the other, print each result as soon as it is known, and return the worst exit code."""
    before = disks.read(context.environment, [one.app for one in findings if candidates(one, request)])
    results: list[Result] = []
    for finding in findings:
        result = purge(context, finding, request)
        if isinstance(result.error, Unverified) and request.is_named and context.console.is_interactive:
            result = _purge_if_typed(context, surveyor, finding.app, request)
        purging.show_result(context.console, result)
        results.append(result)
    if is_several and results:
        purging.show_total(context.console, Subject.DIRECTORIES, results)
    removed = [result.outcome.removed.size_bytes for result in results if result.outcome]
    if removed:
        after = disks.of_paths(path for disk in before for path in disk.paths)
        for line in purging.disk_changes(before, after, sum(removed)):
            context.console.detail(line)
    return max((result.exit_code for result in results), default=ExitCode.OK)


def _purge_if_typed(context: Context, surveyor: Surveyor, app: str, request: Request) -> Result:
    """Scan an unverified directory, show its size and every reason, and remove it if the app's name is typed."""
    with Watcher(context.console) as watcher:
        watcher.asking()
        finding = measure_finding(surveyor, surveyor.survey([app])[0], watcher, context.console)
    error = refusal(decide(finding, request), request)
    if not isinstance(error, Unverified):
        return purge(context, finding, request)
    size = (
        f" ({text.size(finding.size.size_bytes)}, {text.count(finding.size.files, 'file')})" if finding.size else ""
    )
    if not context.console.ask_for_name(app, str(error), f"This command will delete {finding.location.path}{size}."):
        return Result(finding, error=Refused(f"Confirmation did not match {app}. Its legacy cache is kept"))
    return purge(context, finding, replace(request, is_confirmed=True))


def purge_volumes(context: Context, options: Namespace) -> ExitCode:
    """Remove the cache volumes of the named apps, or of all destroyed apps, or show the plan."""
    is_orphaned = options.is_orphaned
    visible = _visible_apps(context, options, "--orphaned", is_all=is_orphaned)
    if is_orphaned and not apps.are_all(visible):
        raise Refused(
            "--orphaned needs access to all apps, because the volumes may belong to another user's app",
            "ask an administrator of this server, or name your apps: 'dokku cache:purge-volumes <app>'",
        )
    chosen, worst = known_apps(context, options.apps, visible)
    request = Request(Initiator.MANUAL, is_named=not is_orphaned, visible=visible)
    decisions = plan_volumes(context, request, chosen) if is_orphaned or chosen else []
    plan = {Subject.VOLUMES: decisions}
    if options.is_dry_run:
        show_plan(context, plan, options.format)
        return worst
    if is_orphaned:
        if not options.is_force and any(decision.is_removal for decision in decisions):
            _check_interactive(context, "--orphaned")
            if not _is_confirmed(context, plan, "Remove these volumes?"):
                return ExitCode.FAILED
        worst = _warn_of_undetermined(context, decisions)
        if not any(one.kept is None or one.kept.code in UNDETERMINED for one in decisions):
            context.console.detail("No cache volumes of destroyed apps found")
        # What is kept was not asked for.
        decisions = [decision for decision in decisions if decision.is_removal]
    for app in chosen:
        if app not in {decision.app for decision in decisions}:
            context.console.detail(f"{app} has no cache volumes")
    return max(worst, _purge_volumes(context, decisions, request))


def _warn_of_undetermined(context: Context, decisions: Sequence[Decision]) -> ExitCode:
    """Warn once per cause of the volumes whose use could not be determined."""
    causes = Counter(one.kept.reason for one in decisions if one.kept and one.kept.code in UNDETERMINED)
    for cause, number in causes.items():
        hint = "these volumes were kept; fix the cause, then purge again"
        context.console.warn(f"Could not check {text.count(number, 'cache volume')}: {cause}", hint)
    return ExitCode.FAILED if causes else ExitCode.OK


def _purge_volumes(context: Context, decisions: Sequence[Decision], request: Request) -> ExitCode:
    """Remove one after the other; a failure does not end the rest. Returns the worst exit code."""
    results: list[Result] = []
    for decision in decisions:
        results.append(purge(context, decision.finding, request))
        purging.show_result(context.console, results[-1])
    if len(decisions) > 1:
        purging.show_total(context.console, Subject.VOLUMES, results)
    return max((result.exit_code for result in results), default=ExitCode.OK)
