"""Who may remove what: the table of docs/what-is-removed.md."""

from dataclasses import replace

from dokku_cache.model.finding import Decision, Finding, Verdict
from dokku_cache.model.location import Entry
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.state import Initiator, Request, State

#: What a person may remove by naming an app, for all apps at once, and by destroying the app.
_NAMED = frozenset({State.ORPHANED, State.RECENT, State.RECREATED, State.INTERRUPTED})
_ALL = frozenset({State.ORPHANED, State.RECREATED, State.INTERRUPTED})
#: What is removed without a person, and when an app is renamed, if auto-purge is on.
_AUTOMATIC = frozenset({State.ORPHANED, State.INTERRUPTED})
#: Asking for one of these is refused. Everything else that is kept is just not due.
REFUSED = frozenset({State.UNSAFE, State.ACTIVE, State.IN_USE, State.UNKNOWN, State.UNVERIFIED})


def removable_states(request: Request) -> frozenset[State]:
    """Give the states in which a request may remove a cache, or finish an interrupted purge."""
    if request.initiator is Initiator.MANUAL:
        confirmed = frozenset({State.UNVERIFIED}) if request.is_named and request.is_confirmed else frozenset()
        return (_NAMED if request.is_named else _ALL) | confirmed
    if request.initiator is Initiator.DESTROY:
        return _NAMED
    return _AUTOMATIC if request.auto_purge else frozenset()


def candidates(finding: Finding, request: Request) -> tuple[Entry, ...]:
    """Give what may be removed if a complete scan confirms what is known so far."""
    states, location = removable_states(request), finding.location
    if finding.trash.state not in {State.ABSENT, State.INTERRUPTED}:
        return ()  # something uses the trash: nothing of this app is touched
    trash = location.trash if finding.trash.state in states else ()
    cache = (location.cache,) if location.cache is not None and finding.cache.state in states else ()
    return (*trash, *cache)


def decide(finding: Finding, request: Request) -> Decision:
    """Decide on one app. Only the targets of this decision may be removed."""
    if finding.trash.state not in {State.ABSENT, State.INTERRUPTED}:
        return Decision(finding, kept=finding.trash)
    wanted = candidates(finding, request)
    targets = wanted if finding.is_final else tuple(entry for entry in wanted if entry.is_trash)
    kept = [
        verdict
        for verdict, entries in ((finding.trash, finding.location.trash), (finding.cache, (finding.location.cache,)))
        if verdict.state is not State.ABSENT and not set(entries) <= set(targets)
    ]
    return Decision(finding, targets, _why_kept(kept[-1], request) if kept else None)


def _why_kept(verdict: Verdict, request: Request) -> Verdict:
    """Give the verdict on what is kept, with the reason where only the property keeps it."""
    is_off = request.initiator.is_automatic and not request.auto_purge
    if is_off and verdict.state in _AUTOMATIC:
        return replace(verdict, reason="auto-purge is off", hint="", code=ReasonCode.AUTO_PURGE_OFF)
    return verdict


def is_refused(decision: Decision) -> bool:
    """Tell whether something is kept that may not be removed, rather than being not due."""
    return decision.kept is not None and decision.kept.state in REFUSED
