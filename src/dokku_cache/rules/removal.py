"""Who may remove what: the tables of docs/what-is-removed.md, for directories and for volumes; and refusals."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from dokku_cache.model.cache import AppState, CacheVolume
from dokku_cache.model.errors import CacheError, NotDue, Refused, Unverified
from dokku_cache.model.finding import Decision, Finding, Verdict
from dokku_cache.model.location import Entry
from dokku_cache.model.state import Initiator, ReasonCode, Request, State

#: Directories that a person may remove by naming an app, for all apps at once, and by destroying the app.
_NAMED = frozenset({State.ORPHANED, State.RECENT, State.RECREATED, State.INTERRUPTED})
_ALL = frozenset({State.ORPHANED, State.RECREATED, State.INTERRUPTED})
#: What is removed without a person, and when an app is renamed, if auto-purge is on.
_AUTOMATIC = frozenset({State.ORPHANED, State.INTERRUPTED})
#: Volumes that a person may remove by naming an app, or that ``max-size`` removes: builds create them again.
_VOLUMES_OF_APP = frozenset({State.LIVE, State.STALE, State.ORPHANED, State.RECENT})
_VOLUMES_OF_NO_APP = frozenset({State.ORPHANED})


def removable_states(request: Request) -> frozenset[State]:
    """Give the states in which a request may remove a directory, or finish an interrupted purge."""
    if request.is_automatic:
        return _AUTOMATIC if request.auto_purge else frozenset()
    if request.initiator is Initiator.DESTROY:
        return _NAMED
    confirmed = frozenset({State.UNVERIFIED}) if request.is_named and request.is_confirmed else frozenset()
    return (_NAMED if request.is_named else _ALL) | confirmed


def removable_volume_states(request: Request) -> frozenset[State]:
    """Give the states in which a request may remove a volume."""
    if request.is_automatic and not request.auto_purge:
        return frozenset()
    return _VOLUMES_OF_APP if request.is_named or request.is_over_limit else _VOLUMES_OF_NO_APP


def candidates(finding: Finding, request: Request) -> tuple[Entry, ...]:
    """Give what may be removed of a directory if a complete scan confirms what is known so far.

    The cache comes first: deleting trash takes time, in which the cache could change.
    """
    states, location = removable_states(request), finding.location
    if finding.trash.state not in {State.ABSENT, State.INTERRUPTED}:
        return ()  # something uses the trash: nothing of this app is touched
    trash = location.trash if finding.trash.state in states else ()
    cache = (location.cache,) if location.cache is not None and finding.cache.state in states else ()
    return (*cache, *trash)


def is_candidate(finding: Finding, request: Request) -> bool:
    """Return whether a request may remove a cache, as far as is known before a scan."""
    return bool(candidates(finding, request)) if finding.volume is None else decide(finding, request).is_removal


def decide(finding: Finding, request: Request) -> Decision:
    """Decide on one cache. Only what this decision removes may be removed."""
    if finding.volume is not None:
        return Decision(finding, kept=_kept_volume(finding.volume, finding.verdict, request))
    if finding.trash.state not in {State.ABSENT, State.INTERRUPTED}:
        return Decision(finding, kept=finding.trash)
    wanted = candidates(finding, request)
    targets = wanted if finding.is_final else tuple(entry for entry in wanted if entry.is_trash)
    kept = [
        verdict
        for verdict, entries in ((finding.trash, finding.location.trash), (finding.cache, (finding.location.cache,)))
        if verdict.state is not State.ABSENT and not set(entries) <= set(targets)
    ]
    return Decision(finding, targets, _kept(kept[-1], request) if kept else None)


def _kept_volume(volume: CacheVolume, verdict: Verdict, request: Request) -> Verdict | None:
    """Give the verdict on a volume that is kept, None for one that is removed."""
    if verdict.state not in removable_volume_states(request):
        return _kept(verdict, request)
    if volume.has_no_proof:
        hint = f"inspect it; if it contains only the build cache, run 'dokku repo:purge-cache {volume.app}'"
        return Verdict(State.UNVERIFIED, "no label shows that Dokku created it", hint, ReasonCode.NO_LABEL)
    if volume.elsewhere:
        hint = f"inspect it with 'docker volume inspect {volume.name}'"
        return Verdict(State.UNVERIFIED, volume.elsewhere, hint, ReasonCode.NOT_LOCAL)
    return None


def _kept(verdict: Verdict, request: Request) -> Verdict:
    """Give the verdict on what is kept, with the reason where only the property keeps it."""
    is_off = request.is_automatic and not request.auto_purge
    if is_off and verdict.state in _AUTOMATIC:
        return replace(verdict, reason="auto-purge is off", hint="", code=ReasonCode.AUTO_PURGE_OFF)
    return verdict


def decide_volumes(findings: Iterable[Finding], request: Request, apps: Collection[str] = ()) -> list[Decision]:
    """Decide on the volumes of the ``apps`` that a request is for; or on those of apps that do not exist.

    They are sorted by app and name: Docker lists volumes in any order.
    """
    is_for_apps = request.is_named or request.is_over_limit
    chosen = [
        finding
        for finding in findings
        if (finding.app in apps if is_for_apps else finding.app_state is not AppState.PRESENT)
    ]
    return [decide(one, request) for one in sorted(chosen, key=lambda one: (one.app, one.location.path))]


def refusal(decision: Decision, request: Request) -> CacheError:
    """Give the error for what is kept. For an automatic removal it is NotDue, which is not a failure."""
    finding = decision.finding
    verdict, path = decision.kept or finding.verdict, finding.location.path
    message = f"{finding.title} is {verdict.described}"
    if request.is_automatic:
        return NotDue(message, state_and_reason=verdict.described)
    if verdict.state is State.UNVERIFIED and finding.volume is None:
        message = f"The directory {path} is not verified to be a build cache: {verdict.reason}"
        hint = f"Inspect it first. To remove it anyway: dokku cache:purge-legacy {decision.app} --force"
        return Unverified(message, hint)
    return Refused(message, verdict.hint)
