"""What a purge of volumes says: its plan, and what came of it."""

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
        return "Nothing would be removed"
    return f"{text.count(len(removed), 'cache volume')} would be removed, which frees {_amount(removed)}"


def _amount(removed: Sequence[VolumeFinding]) -> str:
    known = [finding.size_bytes for finding in removed if finding.size_bytes is not None]
    if removed and not known:
        return "an unknown size"
    return f"{'' if len(known) == len(removed) else 'at least '}{text.size(sum(known))}"


@unfailing
def tell_gone(console: Console, finding: VolumeFinding, seconds: float) -> None:
    """Say what was freed, and what that means for an app that lives on."""
    size = "removed" if finding.size_bytes is None else f"freed {text.size(finding.size_bytes)}, removed"
    console.section(f"{_app(finding)}: {size} volume {finding.name} in {text.duration(seconds)}")
    if finding.verdict.state is VolumeState.LIVE:
        console.detail(f"Nothing of {finding.app} is lost; its next build is slow, as it fills its cache anew")


@unfailing
def tell_was_gone(console: Console, finding: VolumeFinding) -> None:
    """Say that somebody else was quicker."""
    console.detail(f"The volume {finding.name} is gone already: nothing to do")


@unfailing
def tell_total(console: Console, removed: Sequence[VolumeFinding]) -> None:
    """Say what several removals freed together."""
    console.heading(f"{text.count(len(removed), 'cache volume')} removed, {_amount(removed)} freed")
