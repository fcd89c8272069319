"""What is said where something of an app is not removed."""

from dokku_cache.errors import CacheError, Kept, Refused, Unverified
from dokku_cache.legacy.plan import Decision
from dokku_cache.legacy.state import State


def refusal(decision: Decision) -> CacheError:
    """Give the error that says to a person why something of an app is not removed."""
    verdict = decision.kept or decision.finding.verdict
    message = f"The legacy cache of {decision.app} is {verdict.described}"
    if verdict.state is State.UNKNOWN:
        message = f"The legacy cache of {decision.app} stays: {verdict.reason}"
    if verdict.state is State.UNVERIFIED:
        return Unverified(message, verdict.hint)
    return Refused(message, verdict.hint)


def kept(decision: Decision) -> Kept:
    """Give the word that something of an app stays, which is no failure where nobody has asked for it."""
    verdict = decision.kept or decision.finding.verdict
    return Kept(f"The legacy cache of {decision.app} is {verdict.described}", state_and_reason=verdict.described)
