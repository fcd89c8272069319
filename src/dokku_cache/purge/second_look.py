"""The last decision of a purge: what its plan still holds of what is there by now, and all of it was looked at."""

from collections.abc import Mapping
from dataclasses import replace

from dokku_cache.errors import Refused
from dokku_cache.legacy.plan import Decision, Finding, candidates, decide
from dokku_cache.legacy.sighting import Entry
from dokku_cache.legacy.state import Mode
from dokku_cache.tree.contents import Walk
from dokku_cache.tree.handles import Identity


def decide_again(planned: Finding, found: Finding, walks: Mapping[Identity, Walk], mode: Mode) -> Decision:
    """Decide on one app by what was found right now; only what was walked over is among the targets.

    ``walks``: what was seen of all that might have gone by the plan. Raises Refused where something else is there.
    """
    unseen = [entry for entry in candidates(found, mode) if entry.identity not in walks]
    if any(not _was_to_stay(planned, entry, mode) for entry in unseen):
        raise Refused(
            f"The legacy cache of {planned.app} was replaced while it was being examined",
            "nothing was removed: purge it again",
        )
    decision = decide(found, mode)
    if not unseen:
        return decision
    # A cache that became due a moment ago: what was said of it holds until all of it is looked at.
    targets = tuple(entry for entry in decision.targets if entry.identity in walks)
    return replace(decision, targets=targets, kept=planned.cache)


def _was_to_stay(planned: Finding, entry: Entry, mode: Mode) -> bool:
    """Tell whether this is the cache that was there when it was planned, and was to stay then."""
    known = planned.sighting.cache
    due = {candidate.identity for candidate in candidates(planned, mode)}
    return not entry.is_trash and known is not None and entry.identity == known.identity not in due
