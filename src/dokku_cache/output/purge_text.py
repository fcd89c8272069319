"""What a purge says: its plan, and what came of it."""

from collections.abc import Iterator, Mapping, Sequence

from dokku_cache.legacy.outcome import Outcome
from dokku_cache.legacy.plan import Decision
from dokku_cache.legacy.state import State
from dokku_cache.output import text
from dokku_cache.output.console import Console, unfailing
from dokku_cache.tree.measurement import Measurement


def show_plan(console: Console, decisions: Sequence[Decision], sizes: Mapping[str, Measurement | None]) -> None:
    """Show what would be removed and what is kept, one line an app, and the sum.

    The plan is what a dry run is for, so that ``--quiet`` leaves its lines.
    """
    console.heading("Legacy build caches")
    shown = [decision for decision in decisions if decision.targets or decision.kept]
    if not shown:
        tell_nothing_at_all(console)
        return
    width = max((len(decision.app) for decision in shown), default=0)
    for decision in shown:
        for line in _lines(decision, sizes):
            console.result(f"       {decision.app:<{width}}  {line}")
    console.detail(_sum(shown, sizes))


def _lines(decision: Decision, sizes: Mapping[str, Measurement | None]) -> Iterator[str]:
    verdict = decision.finding.verdict
    if decision.targets:
        size = _size(sizes.get(decision.app)) if decision.kept is None else "what was begun"
        reason = verdict.reason if decision.kept is None else decision.finding.trash.reason
        yield f"remove  {size}, {verdict.state.value}: {text.printable(reason)}"
    if decision.kept is not None:
        yield f"keep    {text.printable(decision.kept.described)}"


def _size(measured: Measurement | None) -> str:
    if measured is None:
        return "unknown size"
    return f"{text.size(measured.size_bytes)} in {text.count(measured.files, 'file')}"


def _sum(shown: Sequence[Decision], sizes: Mapping[str, Measurement | None]) -> str:
    removed = [decision for decision in shown if decision.targets]
    if not removed:
        return "Nothing would be removed"
    known = [measured for decision in removed if (measured := sizes.get(decision.app)) and decision.kept is None]
    total = text.size(sum(measured.size_bytes for measured in known))
    amount = total if len(known) == len(removed) else f"at least {total}"
    return f"{text.count(len(removed), 'legacy cache')} would be removed, which frees {amount}"


@unfailing
def tell_nothing(console: Console, app: str) -> None:
    """Say that an app has nothing that could be removed."""
    console.detail(f"{app} has no legacy cache: nothing to do")


@unfailing
def tell_nothing_at_all(console: Console) -> None:
    """Say that none of the apps that were looked at has a legacy cache."""
    console.detail("There is no legacy cache: nothing to do")


@unfailing
def tell_outcome(console: Console, app: str, outcome: Outcome | None, *, is_destroyed: bool = False) -> None:
    """Say what was freed. ``is_destroyed``: Dokku removes the rest of the app in a moment."""
    if outcome is None:
        console.detail(f"The legacy cache of {app} is gone already: nothing to do")
        return
    measured, finding = outcome.measured, outcome.decision.finding
    console.section(
        f"{app}: freed {text.size(measured.size_bytes)}, "
        f"removed {text.count(measured.files, 'file')} in {text.duration(outcome.seconds)}"
    )
    if outcome.removed_ghost:
        console.detail(f"Nothing else was left of {app}: its name can be used again")
    elif finding.is_ghost and not is_destroyed:
        left = ", ".join(neighbour.name for neighbour in finding.sighting.beside) or "something that came meanwhile"
        console.detail(f"The directory of {app} stays, as it holds {left}: 'dokku apps:destroy {app}' removes it")
    if outcome.decision.kept is None and finding.cache.state is State.RECREATED:
        console.detail("The next deployment task makes the directory again, empty: upgrade to Dokku 0.33.8 or later")
    if outcome.decision.kept is None and finding.cache.state is State.RECENT:
        console.detail(f"Note: {finding.cache.reason} before it goes by itself")


@unfailing
def tell_total(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Say what several purges freed together."""
    freed = text.size(sum(outcome.measured.size_bytes for outcome in outcomes))
    console.heading(f"{text.count(len(outcomes), 'legacy cache')} removed, {freed} freed")
