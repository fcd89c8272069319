"""The errors that say why a cache is not removed."""

from dokku_cache.dokku import apps
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError, NotDue, Refused, Unverified
from dokku_cache.model.finding import Decision
from dokku_cache.model.state import Request, State

#: The reason for keeping a cache whose app is being deployed; trigger post-deploy checks it again.
LEFT_TO_DEPLOY = "its app is being deployed; it is checked again after the deploy"


def refusal(decision: Decision, request: Request) -> CacheError:
    """Give the error for what is kept. For an automatic removal it is NotDue, which is not a failure."""
    finding = decision.finding
    verdict, path = decision.kept or finding.verdict, finding.location.path
    message = f"The legacy cache of {decision.app}" if finding.volume is None else f"Volume {path}"
    message = f"{message} is {verdict.described}"
    if request.initiator.is_automatic:
        return NotDue(message, state_and_reason=verdict.described)
    if verdict.state is State.UNVERIFIED and finding.volume is None:
        message = f"The directory {path} is not verified to be a build cache: {verdict.reason}"
        hint = f"Inspect it first. To remove it anyway: dokku cache:purge-legacy {decision.app} --force"
        return Unverified(message, hint)
    return Refused(message, verdict.hint)


def refuse_deploy(environment: DokkuEnvironment, app: str, request: Request) -> None:
    """Raise Refused, or NotDue for an automatic removal, while an app is being deployed."""
    if request.in_deploy or not apps.is_deployed_for(environment, app, request.deploy_wait_seconds):
        return
    if request.initiator.is_automatic:
        raise NotDue(f"App {app} is being deployed", state_and_reason=LEFT_TO_DEPLOY)
    raise Refused(f"App {app} is being deployed", "nothing was removed; purge again after the deploy")
