"""What a purge of volumes prints: its plan, its step line, and its result."""

from collections.abc import Sequence

from dokku_cache.output import text
from dokku_cache.output.console import Console, unfailing
from dokku_cache.volumes.plan import VolumeDecision, VolumeFinding
from dokku_cache.volumes.state import VolumeState

_NOBODYS = "?"


def show_plan(console: Console, decisions: Sequence[VolumeDecision]) -> None:
    """Show what would be removed and what is kept, one line a volume, and the sum; ``--quiet`` leaves the lines."""
    console.heading("Cache volumes")
    width = max((len(_app(decision.finding)) for decision in decisions), default=0)
    for decision in decisions:
        finding = decision.finding
        what = f"remove  {_size(finding)}" if decision.goes else "keep  "
        why = f"{finding.verdict.state.value}: {finding.verdict.reason}" if decision.goes else decision.why_kept
        said = text.printable(f"volume {finding.name}, {why}")
        console.result(f"       {_app(finding):<{width}}  {what}{', ' if decision.goes else '  '}{said}")
    console.detail(_sum([decision.finding for decision in decisions if decision.goes]))


def _app(finding: VolumeFinding) -> str:
    return finding.app or _NOBODYS


def _size(finding: VolumeFinding) -> str:
    return "unknown size" if finding.size_bytes is None else text.size(finding.size_bytes)


def _sum(removed: Sequence[VolumeFinding]) -> str:
    if not removed:
        return "Nothing to remove"
    return f"{text.count(len(removed), 'cache volume')} would be removed, freeing {_amount(removed)}"


def _amount(removed: Sequence[VolumeFinding]) -> str:
    known = [finding.size_bytes for finding in removed if finding.size_bytes is not None]
    if removed and not known:
        return "an unknown size"
    return f"{'' if len(known) == len(removed) else 'at least '}{text.size(sum(known))}"


@unfailing
def tell_begin(console: Console, finding: VolumeFinding) -> None:
    """Print Dokku's step line. A log gets only the line with the result."""
    if not console.is_log:
        owner = f" of {finding.app}" if finding.app else ""
        console.section(f"Purging cache volume {finding.name}{owner} ({_size(finding)})")


@unfailing
def tell_gone(console: Console, finding: VolumeFinding, seconds: float) -> None:
    """Report the result of a removal, and its consequence for an existing app."""
    if console.is_log:
        line = f"{_app(finding)}: removed volume {finding.name}, {_size(finding)} ({text.duration(seconds)})"
        console.section(line)
    else:
        console.detail(f"Removed in {text.duration(seconds)}")
    if finding.verdict.state is VolumeState.LIVE:
        console.detail(f"The next build of {finding.app} is slower, because its cache is empty")


@unfailing
def tell_was_gone(console: Console, finding: VolumeFinding) -> None:
    """Report that a volume was already removed."""
    console.detail(f"Volume {finding.name} was already removed")


@unfailing
def tell_total(console: Console, removed: Sequence[VolumeFinding]) -> None:
    """Report the result of several removals together."""
    console.heading(f"{text.count(len(removed), 'cache volume')} removed, {_amount(removed)} in total")
