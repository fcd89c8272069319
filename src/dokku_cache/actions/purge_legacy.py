"""``dokku cache:purge-legacy``: removes legacy caches by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dokku_cache.arguments import DRY_RUN, STDOUT, Command, Flag, Parser, named_apps, plan_format
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import CacheError, ExitCode, Refused, Unverified, UsageError
from dokku_cache.legacy.outcome import Outcome
from dokku_cache.legacy.plan import Finding, candidates, decide, plan
from dokku_cache.legacy.state import Mode, State
from dokku_cache.output import purge_text, serialized
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.purger import Request
from dokku_cache.purge.recorded import purge_and_record
from dokku_cache.purge.refusals import refusal
from dokku_cache.records.history import Initiator
from dokku_cache.survey import disks
from dokku_cache.survey.measuring import measure_candidates
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.views import disk_lines, plan_values

COMMAND = Command(
    "purge-legacy",
    "<app>... | --all",
    "Remove legacy build caches",
    "<app>... | --all [--dry-run [--format stdout|json|yaml]] [--force] [--quiet]",
    "Only what is proven to be a dead build cache goes: what is, or may be, in use stays, whatever the flags. Named "
    "apps are purged unasked; --all shows its plan and asks first. A purge that is cut short goes on when it is "
    "called again.",
    (
        ("--all --dry-run", "shows what would go, and how much that frees"),
        ("--all", "shows that, asks, and removes it"),
        ("shop blog", "removes those of two apps"),
    ),
    (
        Flag("--all", "of every app: what certainly is a dead cache"),
        *DRY_RUN,
        Flag("--force", "do not ask: for scripts, and for a named app whose cache is unverified; forces no refusal"),
    ),
)


@dataclass(frozen=True)
class Result:
    """What came of one app: an outcome, an error, both where something of it was refused, or nothing to do."""

    app: str
    outcome: Outcome | None = None
    error: CacheError | None = None
    was_absent: bool = False


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Purge the named apps, or all that have something to purge, or show what that would do."""
    parsed = Parser(COMMAND).read_all(arguments)
    format_name = plan_format(parsed)
    # A program reads nothing but the plan.
    context = context.with_flags(quiet=parsed.quiet or format_name != STDOUT)
    if parsed.is_dry_run:
        context.engine.only_look()
    named = named_apps(context, parsed)
    _check(named, is_all=parsed.is_all)

    surveyor = Surveyor(context.environment, context.engine)
    with Watcher(context.console) as watcher:
        watcher.asking()
        chosen, unknown = _choose(context, named, is_all=parsed.is_all)
        findings = surveyor.survey(chosen)
    worst = _tell_errors(context.console, unknown)
    is_forced = parsed.force or context.environment.is_forced
    mode = Mode.ALL if parsed.is_all else Mode.CONFIRMED if is_forced else Mode.NAMED
    if parsed.is_dry_run:
        _show_plan(context.console, surveyor, findings, mode, format_name)
        return worst  # a plan that keeps something is no failure: nothing was asked to be removed
    if parsed.is_all and not is_forced and not _confirmed(context.console, surveyor, findings):
        return ExitCode.FAILED
    if parsed.is_all and all(finding.verdict.state is State.ABSENT for finding in findings):
        purge_text.tell_nothing_at_all(context.console)
        return worst
    before = disks.of_apps(context.environment, _purged_apps(findings, mode))
    code, removed_bytes = _tell(context.console, _purge_each(context, findings, mode), is_several=len(findings) > 1)
    worst = max(worst, code)
    after = disks.of_paths(path for disk in before for path in disk.paths)
    for line in disk_lines.changes(before, after, removed_bytes):
        context.console.detail(line)
    return worst


def _purged_apps(findings: Sequence[Finding], mode: Mode) -> list[str]:
    return [finding.app for finding in findings if candidates(finding, mode)]


def _check(named: list[str], *, is_all: bool) -> None:
    if is_all and named:
        raise UsageError("Name apps or --all, not both", COMMAND.hint)
    if not is_all and not named:
        raise UsageError("Please specify an app to run the command on", COMMAND.hint)


def _choose(context: Context, named: list[str], *, is_all: bool) -> tuple[list[str], list[CacheError]]:
    """Give the apps to look at, and an error for each name that is none."""
    visible = context.visible_apps()
    if is_all:
        return list(visible), []
    chosen: list[str] = []
    unknown: list[CacheError] = []
    for name in named:
        try:
            chosen.append(apps.verify(name, visible))
        except CacheError as error:
            unknown.append(error)
    return chosen, unknown


def _show_plan(
    console: Console, surveyor: Surveyor, findings: Sequence[Finding], mode: Mode, format_name: str = STDOUT
) -> None:
    measured = measure_candidates(surveyor, findings, mode, console)
    sizes = {finding.app: size for finding, size in measured}
    decisions = plan((finding for finding, _ in measured), mode)
    if format_name == STDOUT:
        purge_text.show_plan(console, decisions, sizes)
        return
    planned = [plan_values.of_decision(decision, sizes[decision.app]) for decision in decisions]
    values = plan_values.values(one for one in planned if one)
    console.result(serialized.as_text(values, format_name))


def _confirmed(console: Console, surveyor: Surveyor, findings: Sequence[Finding]) -> bool:
    """Show the plan and ask, where there is something to purge and somebody to ask."""
    if not any(candidates(finding, Mode.ALL) for finding in findings):
        return True
    if not console.is_interactive:
        raise UsageError(
            "--all removes the legacy caches of many apps, and nobody is here to confirm it",
            "look at the plan with --dry-run, then add --force",
        )
    _show_plan(console, surveyor, findings, Mode.ALL)
    if console.ask("Remove these legacy caches?"):
        return True
    console.warn("Nothing was removed")
    return False


def _purge_each(context: Context, findings: Sequence[Finding], mode: Mode) -> Iterator[Result]:
    """Purge one app after the other; give what came of each as soon as it is known."""
    for finding in findings:
        if mode is Mode.ALL and finding.verdict.state is State.ABSENT:
            continue  # nothing there, and nobody asked for it by name
        result = _purge(context, finding, mode)
        if isinstance(result.error, Unverified) and mode is Mode.NAMED and context.console.is_interactive:
            result = _purge_if_named(context, finding, result.error)
        yield result


def _purge_if_named(context: Context, finding: Finding, doubt: Unverified) -> Result:
    """Ask where there is a doubt that the person who named the app can answer."""
    if not context.console.ask_for_name(f"{doubt}", finding.app):
        return Result(finding.app, error=Refused(f"{finding.app} was not typed: its cache stays as it is"))
    return _purge(context, finding, Mode.CONFIRMED)


def _purge(context: Context, finding: Finding, mode: Mode) -> Result:
    if not candidates(finding, mode):
        if finding.verdict.state is State.ABSENT:
            return Result(finding.app, was_absent=True)
        return Result(finding.app, error=refusal(decide(finding, mode)))
    try:
        outcome = purge_and_record(context, finding, Request(mode=mode), Initiator.MANUAL)
    except CacheError as error:
        return Result(finding.app, error=error)
    is_refused = outcome is not None and outcome.decision.is_refused
    return Result(finding.app, outcome, refusal(outcome.decision) if outcome and is_refused else None)


def _tell(console: Console, results: Iterator[Result], *, is_several: bool) -> tuple[ExitCode, int]:
    """Report the result of each app, and the sum of several; return the worst exit code and the removed bytes."""
    worst = ExitCode.OK
    outcomes: list[Outcome] = []
    for result in results:
        if result.was_absent:
            purge_text.tell_nothing(console, result.app)
        elif result.outcome or not result.error:
            purge_text.tell_outcome(console, result.app, result.outcome)
        outcomes += [result.outcome] if result.outcome else []
        if result.error:
            # Docker's own words name no app.
            said = str(result.error)
            console.warn(said if result.app in said else f"{result.app}: {said}", result.error.hint)
            worst = max(worst, result.error.exit_code)
    if is_several:
        purge_text.tell_total(console, outcomes)
    return worst, sum(outcome.measured.size_bytes for outcome in outcomes)


def _tell_errors(console: Console, errors: Sequence[CacheError]) -> ExitCode:
    for error in errors:
        console.warn(str(error), error.hint)
    return max((error.exit_code for error in errors), default=ExitCode.OK)
