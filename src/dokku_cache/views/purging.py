"""What purging shows: the plan, the result for each cache, and the total."""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any

from dokku_cache.model.errors import NotDue
from dokku_cache.model.finding import Decision, Finding, Outcome, Result
from dokku_cache.model.state import State
from dokku_cache.output import text
from dokku_cache.output.console import Console, unfailing
from dokku_cache.output.text import SCHEMA_VERSION
from dokku_cache.survey import inventory
from dokku_cache.survey.disks import Disk
from dokku_cache.views.listing import cache_values

#: Below this, what else runs on the server changes the free space more.
_MIN_MENTIONED_BYTES = 10 << 20


class Subject(Enum):
    """What a plan or a total is about: the heading, the noun, and the sentence where there is none."""

    DIRECTORIES = ("Legacy build caches", "legacy cache", "No legacy caches found")
    VOLUMES = ("Cache volumes", "cache volume", "Nothing to remove")


def show_plan(console: Console, subject: Subject, decisions: Iterable[Decision]) -> None:
    """Show what would be removed and what is kept, a line for each, and the total.

    A dry run exists for its plan, so that ``--quiet`` leaves its lines.
    """
    heading, noun, nothing = subject.value
    console.heading(heading)
    shown = [decision for decision in decisions if decision.is_removal or decision.kept]
    if not shown:
        console.detail(nothing)
        return
    width = max(len(decision.app or "?") for decision in shown)
    for decision in shown:
        for line in _plan_lines(decision):
            console.result(f"       {decision.app or '?':<{width}}  {line}")
    removed = [decision for decision in shown if decision.is_removal]
    if removed:
        sizes = [decision.finding if decision.kept is None else None for decision in removed]
        console.detail(f"{text.count(len(removed), noun)} would be removed, freeing {_total(sizes)}")
    else:
        console.detail("Nothing to remove")


def _plan_lines(decision: Decision) -> Iterator[str]:
    finding, verdict = decision.finding, decision.finding.verdict
    name = f"volume {finding.location.path}, " if finding.volume else ""
    if decision.is_removal:
        size = _size(finding) if decision.kept is None else "the rest of an interrupted purge"
        reason = verdict.reason if decision.kept is None else finding.trash.reason
        yield f"remove  {size}, {text.printable(f'{name}{verdict.state.value}: {reason}')}"
    if decision.kept is not None:
        yield f"keep    {text.printable(f'{name}{decision.kept.described}')}"


def _size(finding: Finding) -> str:
    if finding.size is None:
        return "unknown size"
    size = text.size(finding.size.size_bytes)
    return size if finding.volume else f"{size} in {text.count(finding.size.files, 'file')}"


def _total(findings: Sequence[Finding | None]) -> str:
    """Give the size of several caches; None is one of unknown size."""
    sizes = [finding.size.size_bytes for finding in findings if finding and finding.size]
    if findings and not sizes:
        return "an unknown size"
    return f"{'' if len(sizes) == len(findings) else 'at least '}{text.size(sum(sizes))}"


@unfailing
def show_result(console: Console, result: Result, *, is_automatic: bool = False, is_destroyed: bool = False) -> None:
    """Report the result for one cache. ``is_destroyed``: Dokku is about to remove the rest of the app."""
    finding, outcome, error = result.finding, result.outcome, result.error
    if outcome is not None:
        _show_removed(console, outcome)
        if not is_destroyed:
            _show_consequence(console, outcome)
    elif finding.verdict.state is State.ABSENT:
        console.detail(f"{finding.app} has no legacy cache")
    elif error is None:
        console.detail(f"{finding.title} was already removed")
    if isinstance(error, NotDue):
        name = f"volume {finding.location.path} " if finding.volume else ""
        console.detail(f"{finding.app or 'unknown app'}: {name}kept, {error.state_and_reason}")
    elif error is not None:
        # Docker's own messages do not name the app. The daily run merges equal reasons of several apps.
        is_named = not finding.app or (finding.app in str(error) and not is_automatic)
        message = str(error).replace(f" of {finding.app} ", " ", 1)
        console.warn(str(error) if is_named else f"{finding.app}: {message}", error.hint)


def _show_removed(console: Console, outcome: Outcome) -> None:
    finding, duration = outcome.decision.finding, text.duration(outcome.seconds)
    if not console.is_log:
        console.detail(f"Removed in {duration}")
    elif finding.volume:
        name = finding.location.path
        console.section(f"{finding.app or '?'}: removed volume {name}, {_size(finding)} ({duration})")
    else:
        removed = outcome.removed
        amount = f"{text.size(removed.size_bytes)} in {text.count(removed.files, 'file')}"
        console.section(f"{finding.app}: removed {amount} ({duration})")


def _show_consequence(console: Console, outcome: Outcome) -> None:
    finding, cache = outcome.decision.finding, outcome.decision.finding.cache
    app = finding.app
    if outcome.removed_ghost:
        console.detail(f"Nothing else was left of {app}. Its name can be used again")
    elif finding.is_ghost:
        left = ", ".join(other.name for other in finding.location.others) or "a new file"
        console.detail(f"The directory of {app} still contains {left}. To remove it: 'dokku apps:destroy {app}'")
    if outcome.decision.kept is not None:
        return
    if cache.state is State.LIVE:
        console.detail(f"The next build of {app} is slower, because its cache is empty")
    if cache.state is State.RECREATED and not finding.is_ghost:
        console.detail("The next deployment task recreates the empty directory. Dokku 0.33.8 and later do not")
    if cache.state is State.RECENT and finding.volume is None:
        console.detail(f"Note: {cache.reason}; automatic runs would have skipped it")


@unfailing
def show_total(console: Console, subject: Subject, results: Iterable[Result]) -> None:
    """Report the result of several purges together."""
    removed = [result.outcome for result in results if result.outcome]
    _, noun, _ = subject.value
    if subject is Subject.VOLUMES:
        amount = _total([outcome.decision.finding for outcome in removed])
    else:
        amount = text.size(sum(outcome.removed.size_bytes for outcome in removed))
    console.heading(f"{text.count(len(removed), noun)} removed, {amount} in total")


def plan_values(decisions: Iterable[Decision]) -> dict[str, Any]:
    """Give a plan as plain values, in its order. Apps without a cache are left out."""
    shown = [decision for decision in decisions if decision.is_removal or decision.kept]
    removed = [decision for decision in shown if decision.is_removal]
    # Of what is only partly removed, the removed size is not known.
    sizes = [one.finding.size for one in removed if one.kept is None and one.finding.size is not None]
    return {
        "caches": [_decision_values(decision) for decision in shown],
        "kept-caches": len(shown) - len(removed),
        "removed-bytes": sum(size.size_bytes for size in sizes),
        "removed-caches": len(removed),
        "removed-is-complete": len(sizes) == len(removed),
        "schema-version": SCHEMA_VERSION,
    }


def _decision_values(decision: Decision) -> dict[str, Any]:
    kept = decision.kept
    return {
        **cache_values(inventory.listed(decision.finding)),
        "decision": "remove" if decision.is_removal else "keep",
        "kept-reason": kept.described if kept else None,
        "kept-reason-code": kept.code.value if kept and kept.code else None,
    }


def disk_changes(before: Sequence[Disk], after: Sequence[Disk], removed_bytes: int = 0) -> list[str]:
    """Describe the free space of each file system before and after a purge.

    Deleted files may still take space, in snapshots or until the file system frees it in the background: this is
    mentioned where the free space grew by less than half of what was removed.
    """
    by_device = {disk.state.device: disk.state for disk in after}
    pairs = [(disk, now) for disk in before if (now := by_device.get(disk.state.device))]
    shown = [
        f"Free space on {' and '.join(disk.paths)}: {text.size(disk.state.free_bytes)} -> "
        f"{text.size(now.free_bytes)} (of {text.size(now.total_bytes)})"
        for disk, now in pairs
    ]
    freed = sum(now.free_bytes - disk.state.free_bytes for disk, now in pairs)
    if removed_bytes >= _MIN_MENTIONED_BYTES and freed < removed_bytes / 2:
        shown.append(
            f"Removed {text.size(removed_bytes)}, but the free space grew by less. Snapshots (btrfs, ZFS, LVM) may "
            "still hold the files, or the file system frees the space later"
        )
    return shown
