"""What a purge says: its plan, and what came of it."""

from collections.abc import Mapping, Sequence

from dokku_cache.legacy.measure import Measurement
from dokku_cache.legacy.plan import Decision
from dokku_cache.output import text
from dokku_cache.output.console import Console
from dokku_cache.purging import Outcome


def show_plan(console: Console, decisions: Sequence[Decision], sizes: Mapping[str, Measurement | None]) -> None:
    """Show what would be removed and what is kept, one line an app, and the sum.

    The plan is what a dry run is for, so that ``--quiet`` leaves its lines.
    """
    console.heading("Legacy build caches")
    shown = [decision for decision in decisions if decision.targets or decision.is_refused]
    width = max((len(decision.app) for decision in shown), default=0)
    for decision in shown:
        console.result(f"       {decision.app:<{width}}  {_line(decision, sizes)}")
    console.detail(_sum(shown, sizes))


def _line(decision: Decision, sizes: Mapping[str, Measurement | None]) -> str:
    verdict = decision.finding.verdict
    if decision.is_refused:
        return f"keep    {verdict.state.value}: {text.printable(verdict.reason)}"
    note = f": {text.printable(verdict.reason)}"
    return f"remove  {_size(sizes.get(decision.app))}, {verdict.state.value}{note}"


def _size(measured: Measurement | None) -> str:
    if measured is None:
        return "unknown size"
    return f"{text.size(measured.size_bytes)} in {text.count(measured.files, 'file')}"


def _sum(shown: Sequence[Decision], sizes: Mapping[str, Measurement | None]) -> str:
    removed = [decision for decision in shown if decision.targets]
    if not removed:
        return "Nothing would be removed"
    known = [measured for measured in sizes.values() if measured]
    total = text.size(sum(measured.size_bytes for measured in known))
    amount = total if len(known) == len(removed) else f"at least {total}"
    return f"{text.count(len(removed), 'legacy cache')} would be removed, which frees {amount}"


def tell_nothing(console: Console, decision: Decision) -> None:
    """Say that an app has nothing that could be removed."""
    console.detail(f"{decision.app} has no legacy cache: nothing to do")


def tell_outcome(console: Console, decision: Decision, outcome: Outcome | None) -> None:
    """Say what was freed."""
    if outcome is None:
        console.detail(f"The legacy cache of {decision.app} is gone already: nothing to do")
        return
    measured = outcome.measured
    console.section(
        f"{decision.app}: freed {text.size(measured.size_bytes)}, "
        f"removed {text.count(measured.files, 'file')} in {text.duration(outcome.seconds)}"
    )
    if outcome.removed_ghost:
        console.detail(f"Nothing else was left of {decision.app}: its name can be used again")
    elif decision.finding.verdict.state.value == "recreated":
        console.detail("The next deployment task makes the directory again, empty: upgrade to Dokku 0.33.8 or later")


def tell_total(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Say what several purges freed together."""
    freed = text.size(sum(outcome.measured.size_bytes for outcome in outcomes))
    console.heading(f"{text.count(len(outcomes), 'legacy cache')} removed, {freed} freed")
