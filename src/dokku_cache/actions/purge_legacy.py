"""``dokku cache:purge-legacy``: removes legacy caches by hand."""

from collections.abc import Sequence

from dokku_cache.arguments import Parser, named_apps
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import CacheError, Doubtful, ExitCode, Refused, UsageError
from dokku_cache.legacy.plan import Finding, candidates, decide, plan
from dokku_cache.legacy.state import Mode, State
from dokku_cache.output import purge_text
from dokku_cache.purge.purger import Outcome, Request, refusal
from dokku_cache.purge.recorded import purge_and_record
from dokku_cache.records.history import Way
from dokku_cache.survey.measuring import measure_candidates

USAGE = "cache:purge-legacy <app>... | --all [--dry-run] [--force] [--quiet]"


def run(context: Context, arguments: Sequence[str]) -> ExitCode:
    """Purge the named apps, or all that have something to purge, or show what that would do."""
    parser = Parser("cache:purge-legacy", USAGE)
    parser.add_argument("--all", dest="is_all", action="store_true")
    parser.add_argument("--dry-run", dest="is_dry", action="store_true")
    parsed = parser.read_all(arguments)
    context = context.with_flags(quiet=parsed.quiet)
    named = named_apps(context, parsed)
    _check(named, is_all=parsed.is_all)
    known, worst = _choose(context, named, is_all=parsed.is_all)
    is_forced = parsed.force or context.environment.is_forced
    mode = Mode.ALL if parsed.is_all else Mode.CONFIRMED if is_forced else Mode.NAMED
    findings = context.surveyor.survey(known)
    if parsed.is_dry:
        _show_plan(context, findings, mode)
        return worst  # a plan that keeps something is no failure: nothing was asked to be removed
    if parsed.is_all and not is_forced and not _confirmed(context, findings):
        return ExitCode.FAILED
    return max(worst, _purge_each(context, findings, mode))


def _check(named: list[str], *, is_all: bool) -> None:
    if is_all and named:
        raise UsageError("Name apps or --all, not both", f"usage: {USAGE}")
    if not is_all and not named:
        raise UsageError("Please specify an app to run the command on", f"usage: {USAGE}")


def _choose(context: Context, named: list[str], *, is_all: bool) -> tuple[list[str], ExitCode]:
    """Give the apps to look at, and the exit code of those that do not exist."""
    visible = context.visible_apps()
    if is_all:
        return list(visible), ExitCode.OK
    known: list[str] = []
    worst = ExitCode.OK
    for name in named:
        try:
            known.append(apps.verify(name, visible))
        except CacheError as error:
            context.console.warn(str(error), error.hint)
            worst = max(worst, error.exit_code)
    return known, worst


def _show_plan(context: Context, findings: Sequence[Finding], mode: Mode) -> None:
    measured = measure_candidates(context, findings, mode)
    decisions = plan((finding for finding, _ in measured), mode)
    purge_text.show_plan(context.console, decisions, {finding.app: size for finding, size in measured})


def _confirmed(context: Context, findings: Sequence[Finding]) -> bool:
    """Show the plan and ask, where there is something to purge and somebody to ask."""
    if not any(candidates(finding, Mode.ALL) for finding in findings):
        return True
    if not context.console.is_interactive:
        raise UsageError(
            "--all removes the legacy caches of many apps, and nobody is here to confirm it",
            "look at the plan with --dry-run, then add --force",
        )
    _show_plan(context, findings, Mode.ALL)
    if context.console.ask("Remove these legacy caches?"):
        return True
    context.console.warn("Nothing was removed")
    return False


def _purge_each(context: Context, findings: Sequence[Finding], mode: Mode) -> ExitCode:
    worst = ExitCode.OK
    outcomes: list[Outcome] = []
    for finding in findings:
        if mode is Mode.ALL and finding.verdict.state is State.ABSENT:
            continue  # nothing there, and nobody asked for it by name
        try:
            _purge(context, finding, mode, outcomes)
        except CacheError as error:
            context.console.warn(str(error), error.hint)
            worst = max(worst, error.exit_code)
    if len(findings) > 1:
        purge_text.tell_total(context.console, outcomes)
    return worst


def _purge(context: Context, finding: Finding, mode: Mode, outcomes: list[Outcome]) -> None:
    """Purge one app, after a question where there is a doubt that the person who named it can answer."""
    try:
        _purge_now(context, finding, mode, outcomes)
    except Doubtful as doubt:
        if mode is not Mode.NAMED or not context.console.is_interactive:
            raise
        if not context.console.ask_for_name(f"{doubt}", finding.app):
            raise Refused(f"{finding.app} was not typed: its cache stays") from None
        _purge_now(context, finding, Mode.CONFIRMED, outcomes)


def _purge_now(context: Context, finding: Finding, mode: Mode, outcomes: list[Outcome]) -> None:
    if not candidates(finding, mode):
        if finding.verdict.state is not State.ABSENT:
            raise refusal(decide(finding, mode))
        purge_text.tell_nothing(context.console, finding.app)
        return
    outcome = purge_and_record(context, finding, Request(mode=mode), Way.HAND)
    purge_text.tell_outcome(context.console, finding.app, outcome)
    if outcome is None:
        return
    outcomes.append(outcome)
    if outcome.decision.is_refused:
        raise refusal(outcome.decision)
