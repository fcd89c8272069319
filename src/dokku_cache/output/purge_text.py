"""What a purge of directories prints: its plan, and its result."""

from collections.abc import Iterator, Mapping, Sequence

from dokku_cache.model.finding import Decision, Outcome
from dokku_cache.model.state import State
from dokku_cache.output import text
from dokku_cache.output.console import Console, unfailing
from dokku_cache.tree.scan import Scan


def show_plan(console: Console, decisions: Sequence[Decision], sizes: Mapping[str, Scan | None]) -> None:
    """Show what would be removed and what is kept, one line per app, and the total.

    A dry run exists for its plan, so that ``--quiet`` leaves its lines.
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


def _lines(decision: Decision, sizes: Mapping[str, Scan | None]) -> Iterator[str]:
    verdict = decision.finding.verdict
    if decision.targets:
        size = _size(sizes.get(decision.app)) if decision.kept is None else "the rest of an interrupted purge"
        reason = verdict.reason if decision.kept is None else decision.finding.trash.reason
        yield f"remove  {size}, {verdict.state.value}: {text.printable(reason)}"
    if decision.kept is not None:
        yield f"keep    {text.printable(decision.kept.described)}"


def _size(scan: Scan | None) -> str:
    if scan is None:
        return "unknown size"
    return f"{text.size(scan.size_bytes)} in {text.count(scan.files, 'file')}"


def _sum(shown: Sequence[Decision], sizes: Mapping[str, Scan | None]) -> str:
    removed = [decision for decision in shown if decision.targets]
    if not removed:
        return "Nothing to remove"
    known = [scan for decision in removed if (scan := sizes.get(decision.app)) and decision.kept is None]
    total = text.size(sum(scan.size_bytes for scan in known))
    amount = total if len(known) == len(removed) else f"at least {total}"
    return f"{text.count(len(removed), 'legacy cache')} would be removed, freeing {amount}"


@unfailing
def tell_nothing(console: Console, app: str) -> None:
    """Report that an app has nothing to remove."""
    console.detail(f"{app} has no legacy cache")


@unfailing
def tell_nothing_at_all(console: Console) -> None:
    """Report that none of the apps has a legacy cache."""
    console.detail("No legacy caches found")


@unfailing
def tell_outcome(console: Console, app: str, outcome: Outcome | None, *, is_destroyed: bool = False) -> None:
    """Report the result of a purge. ``is_destroyed``: Dokku is about to remove the rest of the app."""
    if outcome is None:
        console.detail(f"The legacy cache of {app} was already removed")
        return
    removed, finding = outcome.removed, outcome.decision.finding
    if console.is_log:
        console.section(
            f"{app}: removed {text.size(removed.size_bytes)} in {text.count(removed.files, 'file')} "
            f"({text.duration(outcome.seconds)})"
        )
    else:
        console.detail(f"Removed in {text.duration(outcome.seconds)}")
    if outcome.removed_ghost:
        console.detail(f"Nothing else was left of {app}. Its name can be used again")
    elif finding.is_ghost and not is_destroyed:
        left = ", ".join(other.name for other in finding.location.others) or "a new file"
        console.detail(f"The directory of {app} still contains {left}. To remove it: 'dokku apps:destroy {app}'")
    if outcome.decision.kept is None and finding.cache.state is State.RECREATED and not is_destroyed:
        console.detail("The next deployment task recreates the empty directory. Dokku 0.33.8 and later do not")
    if outcome.decision.kept is None and finding.cache.state is State.RECENT:
        console.detail(f"Note: {finding.cache.reason}; automatic runs would have skipped it")


@unfailing
def tell_total(console: Console, outcomes: Sequence[Outcome]) -> None:
    """Report the result of several purges together."""
    removed = text.size(sum(outcome.removed.size_bytes for outcome in outcomes))
    console.heading(f"{text.count(len(outcomes), 'legacy cache')} removed, {removed} in total")
