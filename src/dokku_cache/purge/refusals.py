"""The errors that say why something of an app is not removed."""

from dokku_cache.errors import CacheError, NotDue, Refused, Unverified
from dokku_cache.model.finding import Decision
from dokku_cache.model.state import Request, State


def refusal(decision: Decision, request: Request) -> CacheError:
    """Give the error for what is kept. For an automatic removal it is NotDue, which is not a failure."""
    verdict = decision.kept or decision.finding.verdict
    message = f"The legacy cache of {decision.app} is {verdict.described}"
    if request.initiator.is_automatic:
        return NotDue(message, state_and_reason=verdict.described)
    if verdict.state is State.UNVERIFIED:
        path = decision.finding.location.path
        message = f"The directory {path} is not verified to be a build cache: {verdict.reason}"
        hint = f"Inspect it first. To remove it anyway: dokku cache:purge-legacy {decision.app} --force"
        return Unverified(message, hint)
    return Refused(message, verdict.hint)
