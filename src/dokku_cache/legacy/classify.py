"""From facts to the one state of a legacy cache."""

from dataclasses import dataclass

from dokku_cache.legacy.proof import Evidence, Usage
from dokku_cache.legacy.sighting import Sighting
from dokku_cache.legacy.state import State, Verdict
from dokku_cache.model.reason_code import ReasonCode


@dataclass(frozen=True, order=True)
class DokkuVersion:
    """A release of Dokku."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


#: Builds keep their cache in Docker volumes from here on (dokku/dokku#5495).
FIRST_WITH_VOLUMES = DokkuVersion(0, 31, 0)
#: Deployment tasks no longer make the directory again from here on.
FIRST_WITHOUT_DIRECTORY = DokkuVersion(0, 33, 8)


def classify_cache(sighting: Sighting, version: DokkuVersion | None, evidence: Evidence) -> Verdict:
    """Give the state of the cache itself, and its reason. ``version`` is None when it cannot be read.

    A pure function of the facts: what could not be established counts against removing.
    """
    early = classify_without_evidence(sighting, version)
    if early is not None:
        return early
    used = _used(evidence.usage)
    if used is not None:
        return used
    proofs = (evidence.place, evidence.writer, evidence.quiet)
    is_final = all(proof.holds is not None for proof in proofs)
    doubts = [proof for proof in (evidence.place, evidence.writer) if proof.holds is False]
    if doubts:
        reason = "; ".join(doubt.text for doubt in doubts)
        return Verdict(State.UNVERIFIED, reason, is_final=is_final, code=doubts[0].code)
    if version is not None and version < FIRST_WITHOUT_DIRECTORY:
        reason = f"Dokku {version} builds in a volume, but its tasks make the directory again"
        return Verdict(State.RECREATED, reason, is_final=is_final, code=ReasonCode.RECREATED_BY_TASKS)
    if evidence.quiet.holds is False:
        return Verdict(State.RECENT, evidence.quiet.text, is_final=is_final, code=evidence.quiet.code)
    reason = f"nothing in Dokku {version} uses it any more"
    return Verdict(State.ORPHANED, reason, is_final=is_final, code=ReasonCode.UNUSED_BY_DOKKU)


def classify_without_evidence(sighting: Sighting, version: DokkuVersion | None) -> Verdict | None:
    """Give the verdict on the cache where no evidence can change it, else None: nobody need be asked."""
    if sighting.fault:
        return Verdict(State.UNSAFE, sighting.fault, code=sighting.fault_code)
    if sighting.cache is None:
        return Verdict(State.ABSENT)
    if sighting.cache.fault:
        return Verdict(State.UNSAFE, sighting.cache.fault, code=sighting.cache.fault_code)
    if version is None:
        step = "see what 'dokku version' says: the plugin reads it from the same file"
        reason = "the version of Dokku cannot be read, so builds may still use it"
        return Verdict(State.ACTIVE, reason, step, code=ReasonCode.VERSION_UNKNOWN)
    if version < FIRST_WITH_VOLUMES:
        return Verdict(State.ACTIVE, f"Dokku {version} still builds in it", code=ReasonCode.DOKKU_TOO_OLD)
    return None


def classify_trash(sighting: Sighting, usage: Usage) -> Verdict:
    """Give the state of the trash: it was given up when it was renamed, whatever the cache beside it is now."""
    if sighting.fault or not sighting.trash:
        return Verdict(State.ABSENT)
    faulty = [entry for entry in sighting.trash if entry.fault]
    if faulty:
        return Verdict(State.UNSAFE, "; ".join(entry.fault for entry in faulty), code=faulty[0].fault_code)
    used = _used(usage)
    if used is not None:
        return used
    reason = "an earlier purge was cut short, its trash waits to be deleted"
    return Verdict(State.INTERRUPTED, reason, code=ReasonCode.PURGE_INTERRUPTED)


def classify_both(cache: Verdict, trash: Verdict) -> Verdict:
    """Give the one state that is shown of an app, from those of its cache and its trash."""
    if trash.state is State.ABSENT:
        return cache
    if cache.state is State.ABSENT or trash.state is not State.INTERRUPTED:
        return trash
    reason = f"{trash.reason}; the cache beside it is {cache.described}"
    return Verdict(trash.state, reason, is_final=cache.is_final, code=trash.code)


def _used(usage: Usage) -> Verdict | None:
    """Give the verdict that somebody uses it, or that this is not known; None where certainly nobody does."""
    reasons = usage.uses + usage.unknown
    if not reasons:
        return None
    state = State.IN_USE if usage.uses else State.UNKNOWN
    codes = usage.use_codes + usage.unknown_codes
    return Verdict(state, "; ".join(reasons), "; ".join(usage.remedies), code=next(iter(codes), None))
