"""Removing cache volumes: check again, let Docker remove each without force, and look afterwards."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from dokku_cache.dokku import apps
from dokku_cache.engine import storage
from dokku_cache.model.cache import AppState
from dokku_cache.model.errors import CacheError, Interrupted, NotDue, NotRemoved, Refused, Unknown
from dokku_cache.model.finding import Decision, Finding, Outcome
from dokku_cache.model.scan import Scan
from dokku_cache.model.state import Request
from dokku_cache.output import text
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.purger import refuse_deploy
from dokku_cache.rules.removal import decide, decide_volumes, refusal
from dokku_cache.survey import ownership
from dokku_cache.survey.context import Context
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.survey.volumes import recheck_volume, survey_volumes, with_size


def plan_volumes(
    context: Context, request: Request, names: Collection[str] = (), limit_seconds: float = storage.LIMIT_SECONDS
) -> list[Decision]:
    """Decide on the volumes of the apps that a request is for (see ``decide_volumes``), with their sizes.

    Sizes are measured only if something is removed; those that Docker does not give in time are a warning. Raises
    CacheError.
    """
    with Watcher(context.console) as watcher:
        watcher.asking()
        surveyor = Surveyor(context.environment, context.engine, request.visible)
        decisions = decide_volumes(survey_volumes(surveyor, apps.every()), request, names)
        if not any(decision.is_removal for decision in decisions):
            return decisions
        watcher.asking("Measuring volumes (by Docker)")
        try:
            sizes = storage.disk_usage(context.engine.another(), limit_seconds).volume_bytes
        except Unknown as error:
            watcher.end()
            # The hint would be wrong: the removal uses another connection to Docker.
            context.console.warn(f"Could not determine volume sizes ({error})", "the volumes will still be removed")
            return decisions
    return [decide(with_size(decision.finding, sizes), request) for decision in decisions]


@dataclass(frozen=True)
class VolumePurger:
    """Removes cache volumes, one at a time."""

    context: Context
    watcher: Watcher
    request: Request

    def purge(self, planned: Finding) -> Outcome | None:
        """Remove one volume if everything that it was planned for is still true; None when it is gone by now.

        Raises Refused, or NotDue for an automatic removal, with the volume unchanged; NotRemoved when Docker could
        not remove it, or does not say so; and Interrupted.
        """
        try:
            return self._purge(planned)
        except Refused as error:
            if self.request.is_automatic and not isinstance(error, NotDue):
                raise NotDue(str(error), error.hint) from error
            raise

    def _purge(self, planned: Finding) -> Outcome | None:
        # An app of that name may have been created since the plan.
        surveyor = Surveyor(self.context.environment, self.context.engine, self.request.visible)
        finding = recheck_volume(surveyor, apps.every(), planned)
        if finding is None:
            return None
        if finding.app_state is not AppState.GONE:
            refuse_deploy(self.context.environment, finding.app, self.request)
        decision = decide(finding, self.request)
        if not decision.is_removal:
            raise refusal(decision, self.request)
        return self._remove(decision)

    def _remove(self, decision: Decision) -> Outcome | None:
        finding, name = decision.finding, decision.finding.location.path
        if not self.context.console.is_log:
            owner = f" of {finding.app}" if finding.app else ""
            size = text.size(finding.size.size_bytes) if finding.size else "unknown size"
            self.context.console.section(f"Purging cache volume {name}{owner} ({size})")
        begun = time.monotonic()
        try:
            self.watcher.asking(f"Removing volume {name}")
            was_there = storage.remove_volume(self.context.engine, name)
        except Refused:
            raise
        except Interrupted as interrupt:
            hint = f"check whether Docker removed it: 'docker volume inspect {name}'"
            raise Interrupted(f"Interrupted. Docker may still be removing volume {name}", hint) from interrupt
        except CacheError as error:
            raise NotRemoved(f"Volume {name} was not removed: {error}", error.hint) from error
        seconds = time.monotonic() - begun
        self._look_afterwards(finding)
        return Outcome(decision, finding.size or Scan(), seconds) if was_there else None

    def _look_afterwards(self, finding: Finding) -> None:
        """Raise NotRemoved when the volume is still there; a build may have created a new one of its name."""
        name = finding.location.path
        try:
            found = storage.inspect_volume(self.context.engine, name)
        except CacheError as error:
            hint = f"{error.hint}. Then check with 'dokku cache:list'"
            raise NotRemoved(f"Could not verify that volume {name} was removed: {error}", hint) from error
        if found and finding.volume and ownership.is_same(finding.volume, found):
            message = f"Volume {name} was not removed: Docker reported its removal, but still lists it"
            raise NotRemoved(message, "check 'journalctl -u docker'")
