"""``dokku cache:purge-legacy``: removes legacy caches by hand."""

from collections.abc import Sequence

from dokku_cache.arguments import Parser, named_apps
from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.errors import CacheError, ExitCode, UsageError
from dokku_cache.history import Way
from dokku_cache.legacy.plan import Decision, plan
from dokku_cache.legacy.state import Mode
from dokku_cache.output import purge_text
from dokku_cache.purging import Outcome, Request, refusal
from dokku_cache.running import measure_plan, purge_and_record

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
    decisions = plan(context.surveyor.survey(known), Mode.BY_HAND)
    if parsed.is_dry:
        purge_text.show_plan(context.console, decisions, measure_plan(context, decisions))
        return worst  # a plan that keeps something is no failure: nothing was asked to be removed
    is_forced = parsed.force or context.environment.is_forced
    if parsed.is_all and not is_forced and not _confirmed(context, decisions):
        return ExitCode.FAILED
    return max(worst, _purge_each(context, decisions, is_all=parsed.is_all))


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


def _confirmed(context: Context, decisions: Sequence[Decision]) -> bool:
    """Show the plan and ask, where there is something to purge and somebody to ask."""
    if not any(decision.targets for decision in decisions):
        return True
    if not context.console.is_interactive:
        raise UsageError(
            "--all removes the legacy caches of many apps, and nobody is here to confirm it",
            "look at the plan with --dry-run, then add --force",
        )
    purge_text.show_plan(context.console, decisions, measure_plan(context, decisions))
    if context.console.ask("Remove these legacy caches?"):
        return True
    context.console.warn("Nothing was removed")
    return False


def _purge_each(context: Context, decisions: Sequence[Decision], *, is_all: bool) -> ExitCode:
    worst = ExitCode.OK
    outcomes: list[Outcome] = []
    for decision in decisions:
        if is_all and not decision.targets and not decision.is_refused:
            continue  # nothing there, and nobody asked for it by name
        worst = max(worst, _purge(context, decision, outcomes))
    if len(decisions) > 1:
        purge_text.tell_total(context.console, outcomes)
    return worst


def _purge(context: Context, decision: Decision, outcomes: list[Outcome]) -> ExitCode:
    try:
        if decision.is_refused:
            raise refusal(decision)
        if not decision.targets:
            purge_text.tell_nothing(context.console, decision)
            return ExitCode.OK
        outcome = purge_and_record(context, decision, Request(mode=Mode.BY_HAND), Way.HAND)
        purge_text.tell_outcome(context.console, decision, outcome)
        outcomes.extend([outcome] if outcome else [])
    except CacheError as error:
        context.console.warn(str(error), error.hint)
        return error.exit_code
    return ExitCode.OK
