"""What all that happens by itself has in common: the policy, and that nothing it meets can fail the caller."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from dokku_cache import policy
from dokku_cache.context import Context
from dokku_cache.dokku import skip_cleanup
from dokku_cache.errors import CacheError, ExitCode
from dokku_cache.history import Way
from dokku_cache.legacy.plan import Decision, plan
from dokku_cache.legacy.state import Mode, State
from dokku_cache.output import log, purge_text
from dokku_cache.output.console import Console
from dokku_cache.purging import Outcome, Request
from dokku_cache.running import failure_in_history, purge_and_record

MODE = Mode.AUTOMATIC


def applies_to(context: Context, app: str) -> bool:
    """Tell whether the policy lets the cache of an app go by itself. Raises CacheError."""
    return policy.auto_purge(context.environment, app).is_on


def applies_after_deploy(context: Context, app: str, environ: Mapping[str, str]) -> bool:
    """Tell whether it does so right after a deploy too. Raises CacheError."""
    return applies_to(context, app) and not skip_cleanup.is_set(context.environment, app, environ)


def decide_on(context: Context, app: str) -> Decision:
    """Decide on one app, whoever is calling: a trigger works for Dokku, not for a user."""
    return plan(context.surveyor.survey([app]), MODE)[0]


def log_console(context: Context, subject: str, warned: list[str] | None = None) -> Console:
    """Give a console that writes to the plugin's log; ``warned`` gets each warning in addition."""
    stream = log.LogStream(log.open_log(context.environment.logs_dir), subject)
    return Console(out=stream, err=stream if warned is None else log.NotedStream(stream, warned))


@contextmanager
def failures_in_log(context: Context, subject: str) -> Iterator[None]:
    """Let nothing out that goes wrong: it is logged with its cause."""
    try:
        yield
    except CacheError as error:
        log_console(context, subject).warn(str(error), error.hint)
    except Exception as error:  # noqa: BLE001 - whatever it is, it must not fail somebody's deploy
        log_console(context, subject).warn(f"{type(error).__name__}: {error}")


def log_refusal(context: Context, decision: Decision) -> None:
    """Log why a cache stays, if there is one."""
    verdict = decision.finding.verdict
    if verdict.state is not State.ABSENT:
        log_console(context, decision.app).warn(f"The legacy cache stays: {verdict.state.value}, {verdict.reason}")


def sweep(context: Context, apps: Sequence[str], way: Way) -> ExitCode:
    """Apply the policy to apps now, with one line for each that has a cache, and the sum.

    What may not go stays, and is no failure; a purge that ends halfway is.
    """
    worst = ExitCode.OK
    outcomes: list[Outcome] = []
    # Trash is finished even where the policy is off: that purge was begun under it, or by hand.
    for decision in plan(context.surveyor.survey(apps), MODE):
        if decision.finding.verdict.state is State.ABSENT:
            continue
        try:
            worst = max(worst, _sweep_one(context, decision, way, outcomes))
        except CacheError as error:
            context.console.warn(f"{decision.app}: {error}", error.hint)
            worst = max(worst, error.exit_code)
    purge_text.tell_total(context.console, outcomes)
    return worst


def _sweep_one(context: Context, decision: Decision, way: Way, outcomes: list[Outcome]) -> ExitCode:
    verdict = decision.finding.verdict
    if not decision.targets:
        context.console.detail(f"{decision.app}: stays, {verdict.state.value}: {verdict.reason}")
        return ExitCode.OK
    if verdict.state is not State.INTERRUPTED and not applies_to(context, decision.app):
        context.console.detail(f"{decision.app}: stays, auto-purge is off")
        return ExitCode.OK
    with failure_in_history(context, decision.app, way):
        outcome = purge_and_record(context, decision, Request(mode=MODE, is_gentle=True), way)
    purge_text.tell_outcome(context.console, decision, outcome)
    outcomes.extend([outcome] if outcome else [])
    return ExitCode.OK
