"""``dokku cache:purge-legacy``: removes legacy caches."""

from argparse import Namespace
from collections.abc import Sequence
from dataclasses import replace

from dokku_cache.actions.purging import Call, Plan, is_confirmed, visible_apps
from dokku_cache.context import Context
from dokku_cache.errors import ExitCode, Refused, Unverified
from dokku_cache.model.finding import Finding, Result
from dokku_cache.model.state import Request, State
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.recorded import purge
from dokku_cache.rules.removal import candidates, decide
from dokku_cache.survey import disks
from dokku_cache.survey.scanning import measure_candidates
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import purging
from dokku_cache.views.purging import Subject


def run(context: Context, options: Namespace) -> ExitCode:
    """Purge the named apps, or all that have a cache, or show what that would do."""
    call = Call(context, options)
    is_all = options.is_all
    call.check("--all", is_all=is_all)
    visible = visible_apps(context)
    chosen, worst = (sorted(visible), ExitCode.OK) if is_all else call.known_apps(visible)
    surveyor = Surveyor(context.environment, context.engine, visible)
    with Watcher(context.console) as watcher:
        watcher.asking()
        findings = surveyor.survey(chosen, is_rechecked=not options.is_dry_run)
    # --force answers for one named app; several unverified directories are confirmed one by one.
    confirmed = options.is_force and len(options.apps) == 1
    request = Request(is_named=not is_all, is_confirmed=confirmed, visible=visible)
    if options.is_dry_run:
        call.show_plan(_plan(context, surveyor, findings, request))
        return worst  # a plan that keeps something is not a failure
    if is_all:
        findings = tuple(finding for finding in findings if finding.verdict.state is not State.ABSENT)
        if not findings:
            context.console.detail("No legacy caches found")
        needs_answer = not options.is_force and any(candidates(finding, request) for finding in findings)
        if needs_answer and not is_confirmed(
            context.console,
            lambda: _plan(context, surveyor, findings, request),
            "--all",
            "Remove these legacy caches?",
        ):
            return ExitCode.FAILED
    return max(worst, _purge_each(context, findings, request, is_several=len(chosen) > 1))


def _plan(context: Context, surveyor: Surveyor, findings: Sequence[Finding], request: Request) -> Plan:
    measured = measure_candidates(surveyor, findings, request, context.console)
    return {Subject.DIRECTORIES: [decide(finding, request) for finding in measured]}


def _purge_each(context: Context, findings: Sequence[Finding], request: Request, *, is_several: bool) -> ExitCode:
    """Purge one app after the other, print each result as soon as it is known, and give the worst exit code."""
    before = disks.of_apps(context.environment, [one.app for one in findings if candidates(one, request)])
    results: list[Result] = []
    for finding in findings:
        result = purge(context, finding, request)
        if isinstance(result.error, Unverified) and request.is_named and context.console.is_interactive:
            result = _purge_if_typed(context, finding, request, result.error)
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


def _purge_if_typed(context: Context, finding: Finding, request: Request, error: Unverified) -> Result:
    """Ask for the app's name before an unverified directory is removed."""
    consequence = f"This command will delete {finding.location.path}."
    if not context.console.ask_for_name(finding.app, str(error), consequence):
        return Result(finding, error=Refused(f"Confirmation did not match {finding.app}. Nothing was removed"))
    return purge(context, finding, replace(request, is_confirmed=True))
