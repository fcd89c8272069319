"""``dokku cache:purge-legacy``: removes legacy caches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dokku_cache.arguments import DRY_RUN, STDOUT, Command, Flag, Parser, named_apps, plan_format
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import CacheError, ExitCode, Refused, Unverified, UsageError
from dokku_cache.model.finding import Finding, Outcome
from dokku_cache.model.state import Request, State
from dokku_cache.output import purge_text, serialized
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.recorded import purge_and_record
from dokku_cache.purge.refusals import refusal
from dokku_cache.rules.removal import candidates, decide, is_refused
from dokku_cache.survey import disks
from dokku_cache.survey.measuring import measure_candidates
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import disk_lines, plan_values

COMMAND = Command(
    "purge-legacy",
    "<app>... | --all",
    "Remove legacy build caches",
    "<app>... | --all [--dry-run [--format stdout|json|yaml]] [--force] [--quiet]",
    "Removes directories that are verified to be unused build caches. Never removes anything that is or may be in "
    "use. Purge again to resume an interrupted purge.",
    (
        ("--all --dry-run", "preview, with sizes"),
        ("--all", "remove after confirmation"),
        ("shop blog", "remove the caches of two apps"),
        ("uploads --force", "remove an unverified directory"),
    ),
    (
        Flag("--all", "all apps; skips caches that are recent or unverified"),
        *DRY_RUN,
        Flag("--force", "skip confirmation prompts; never overrides a safety check"),
    ),
)


@dataclass(frozen=True)
class Result:
    """The result for one app: an outcome, an error, both where something was kept, or nothing to do."""

    app: str
    outcome: Outcome | None = None
    error: CacheError | None = None
    was_absent: bool = False


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Purge the named apps, or all that have something to purge, or show what that would do."""
    parsed = Parser(COMMAND).read_all(arguments)
    format_name = plan_format(parsed)
    # Other formats are for programs, which read only the plan.
    context = context.with_flags(quiet=parsed.quiet or format_name != STDOUT)
    if parsed.is_dry_run:
        context.engine.only_read()
    named = named_apps(context, parsed)
    _check(named, is_all=parsed.is_all)

    with Watcher(context.console) as watcher:
        watcher.asking()
        visible = frozenset(context.visible_apps())
        chosen, unknown = _choose(named, visible, is_all=parsed.is_all)
        surveyor = Surveyor(context.environment, context.engine, visible)
        findings = surveyor.survey(chosen)
    worst = _tell_errors(context.console, unknown)
    is_forced = parsed.force or context.environment.is_forced
    # --force answers for one named app; several unverified directories are confirmed one by one.
    is_confirmed = is_forced and len(named) == 1
    request = Request(is_named=not parsed.is_all, is_confirmed=is_confirmed, visible=surveyor.visible)
    if parsed.is_dry_run:
        _show_plan(context.console, surveyor, findings, request, format_name)
        return worst  # a plan that keeps something is not a failure
    if parsed.is_all and not is_forced and not _confirmed(context.console, surveyor, findings):
        return ExitCode.FAILED
    if parsed.is_all and all(finding.verdict.state is State.ABSENT for finding in findings):
        purge_text.tell_nothing_at_all(context.console)
        return worst
    purged = [finding.app for finding in findings if candidates(finding, request)]
    before = disks.of_apps(context.environment, purged)
    code, outcomes = _tell(context.console, _purge_each(context, findings, request), is_several=len(findings) > 1)
    if outcomes:
        after = disks.of_paths(path for disk in before for path in disk.paths)
        for line in disk_lines.changes(before, after, sum(outcome.removed.size_bytes for outcome in outcomes)):
            context.console.detail(line)
    return max(worst, code)


def _check(named: list[str], *, is_all: bool) -> None:
    if is_all and named:
        raise UsageError("Name apps or use --all, not both", COMMAND.hint)
    if not is_all and not named:
        raise UsageError("Please specify an app to run the command on", COMMAND.hint)


def _choose(named: list[str], visible: frozenset[str], *, is_all: bool) -> tuple[list[str], list[CacheError]]:
    """Give the apps to look at, and an error for each name that is not an app."""
    if is_all:
        return sorted(visible), []
    chosen: list[str] = []
    unknown: list[CacheError] = []
    for name in named:
        try:
            chosen.append(apps.verify(name, visible))
        except CacheError as error:
            unknown.append(error)
    return chosen, unknown


def _show_plan(
    console: Console, surveyor: Surveyor, findings: Sequence[Finding], request: Request, format_name: str = STDOUT
) -> None:
    measured = measure_candidates(surveyor, findings, request, console)
    sizes = {finding.app: size for finding, size in measured}
    decisions = [decide(finding, request) for finding, _ in measured]
    if format_name == STDOUT:
        purge_text.show_plan(console, decisions, sizes)
        return
    planned = [plan_values.of_decision(decision, sizes[decision.app]) for decision in decisions]
    values = plan_values.values(one for one in planned if one)
    console.result(serialized.as_text(values, format_name))


def _confirmed(console: Console, surveyor: Surveyor, findings: Sequence[Finding]) -> bool:
    """Show the plan and ask for confirmation, where there is something to purge."""
    if not any(candidates(finding, Request()) for finding in findings):
        return True
    if not console.is_interactive:
        raise UsageError(
            "--all needs confirmation, and there is no terminal to ask for it",
            "preview with --dry-run, then add --force",
        )
    _show_plan(console, surveyor, findings, Request())
    if console.ask("Remove these legacy caches?"):
        return True
    console.warn("Nothing was removed")
    return False


def _purge_each(context: Context, findings: Sequence[Finding], request: Request) -> Iterator[Result]:
    """Purge one app after the other; give each result as soon as it is known."""
    for finding in findings:
        if not request.is_named and finding.verdict.state is State.ABSENT:
            continue
        result = _purge(context, finding, request)
        if isinstance(result.error, Unverified) and request.is_named and context.console.is_interactive:
            result = _purge_if_typed(context, finding, request, result.error)
        yield result


def _purge_if_typed(context: Context, finding: Finding, request: Request, error: Unverified) -> Result:
    """Ask for the app's name before an unverified directory is removed."""
    consequence = f"This command will delete {finding.location.path}."
    if not context.console.ask_for_name(finding.app, str(error), consequence):
        return Result(finding.app, error=Refused(f"Confirmation did not match {finding.app}. Nothing was removed"))
    return _purge(context, finding, replace(request, is_confirmed=True))


def _purge(context: Context, finding: Finding, request: Request) -> Result:
    if not candidates(finding, request):
        if finding.verdict.state is State.ABSENT:
            return Result(finding.app, was_absent=True)
        return Result(finding.app, error=refusal(decide(finding, request), request))
    try:
        outcome = purge_and_record(context, finding, request)
    except CacheError as error:
        return Result(finding.app, error=error)
    kept = refusal(outcome.decision, request) if outcome and is_refused(outcome.decision) else None
    return Result(finding.app, outcome, kept)


def _tell(console: Console, results: Iterator[Result], *, is_several: bool) -> tuple[ExitCode, list[Outcome]]:
    """Print each result, and the total of several; return the worst exit code and the outcomes."""
    worst = ExitCode.OK
    outcomes: list[Outcome] = []
    for result in results:
        if result.was_absent:
            purge_text.tell_nothing(console, result.app)
        elif result.outcome or not result.error:
            purge_text.tell_outcome(console, result.app, result.outcome)
        outcomes += [result.outcome] if result.outcome else []
        if result.error:
            # Docker's own messages do not name the app.
            message = str(result.error)
            console.warn(message if result.app in message else f"{result.app}: {message}", result.error.hint)
            worst = max(worst, result.error.exit_code)
    if is_several:
        purge_text.tell_total(console, outcomes)
    return worst, outcomes


def _tell_errors(console: Console, errors: Sequence[CacheError]) -> ExitCode:
    for error in errors:
        console.warn(str(error), error.hint)
    return max((error.exit_code for error in errors), default=ExitCode.OK)
