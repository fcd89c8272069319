"""Removing cache volumes: look again, let the engine remove each without force, look afterwards, write it down."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from dokku_cache.context import Context
from dokku_cache.dokku import apps
from dokku_cache.dokku.apps import AppState
from dokku_cache.engine import storage
from dokku_cache.errors import CacheError, Interrupted, NotDue, Refused
from dokku_cache.model.state import DEPLOY_WAIT_SECONDS, Initiator
from dokku_cache.output.progress import Watcher
from dokku_cache.purge import events
from dokku_cache.purge.purger import LEFT_TO_DEPLOY
from dokku_cache.purge.recorded import record
from dokku_cache.records import history
from dokku_cache.records.history import Record
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.volumes import ownership, telling
from dokku_cache.volumes.examiner import Examiner
from dokku_cache.volumes.plan import VolumeDecision, VolumeFinding, Wish, decide


@dataclass(frozen=True)
class VolumeOutcome:
    """A volume that is gone, and for how many ``seconds`` the engine was at it."""

    finding: VolumeFinding
    seconds: float


def examiner(context: Context, listed: Collection[str], visible: frozenset[str] | None = None) -> Examiner:
    """Give who examines volumes. ``listed`` are all apps that Dokku lists, ``visible`` those the caller may see."""
    surveyor = Surveyor(context.environment, context.engine)
    limited = None if visible is None or frozenset(listed) <= visible else visible
    return Examiner(context.environment, context.engine, lambda app: surveyor.app_state(app, listed), limited)


@dataclass(frozen=True)
class VolumePurger:
    """Removes cache volumes, one at a time, and records each. ``visible``: the apps that the caller may see."""

    context: Context
    wish: Wish
    initiator: Initiator
    visible: frozenset[str] | None = None

    def purge(self, planned: VolumeFinding) -> VolumeOutcome | None:
        """Remove one volume if all that it was planned for still holds; None when it is gone by now.

        Raises Refused, or NotDue for an automatic removal, with the volume as it was, and CacheError when the engine
        could not remove it, or does not say so.
        """
        # An app of that name may have been made while somebody thought about the plan.
        listed = apps.every()
        now = examiner(self.context, listed, self.visible).examine_again(planned, listed)
        if now is None:
            return None
        self._refuse_deploy(now)
        decision = decide(now, self.wish)
        if not decision.goes:
            raise refusal(decision) if self.initiator is Initiator.MANUAL else kept(decision)
        return self._remove(now)

    def _refuse_deploy(self, finding: VolumeFinding) -> None:
        if finding.app_state is AppState.GONE:
            return
        wait_seconds = DEPLOY_WAIT_SECONDS if self.initiator is Initiator.DEPLOY else 0
        if apps.is_deployed_for(self.context.environment, finding.app, wait_seconds):
            if self.initiator is not Initiator.MANUAL:
                raise NotDue(f"App {finding.app} is being deployed", state_and_reason=LEFT_TO_DEPLOY)
            raise Refused(f"App {finding.app} is being deployed", "nothing was removed; purge again after the deploy")

    def _remove(self, finding: VolumeFinding) -> VolumeOutcome | None:
        telling.tell_begin(self.context.console, finding)
        begun = time.monotonic()
        try:
            with Watcher(self.context.console) as watcher:
                tick = watcher.waiting(f"Removing volume {finding.name}")
                was_there = storage.remove_volume(self.context.engine, finding.name, tick)
        except Refused:
            raise  # it is as it was, which is no failure of a removal
        except Interrupted as interrupt:
            hint = f"check whether Docker removed it: 'docker volume inspect {finding.name}'"
            raise Interrupted(f"Interrupted. Docker may still be removing volume {finding.name}", hint) from interrupt
        except CacheError as error:
            self._record(finding, 0, 0.0, failure=str(error))
            raise CacheError(f"Volume {finding.name} was not removed: {error}", error.hint) from error
        self._look_afterwards(finding)
        if not was_there:
            return None
        seconds = time.monotonic() - begun
        self._record(finding, finding.size_bytes or 0, seconds)
        return VolumeOutcome(finding, seconds)

    def _look_afterwards(self, finding: VolumeFinding) -> None:
        """Raise CacheError when the volume is still there; a build may have made a new one of its name."""
        try:
            found = storage.inspect_volume(self.context.engine, finding.name)
        except CacheError as error:
            self._record(finding, 0, 0.0, failure=str(error))
            raise CacheError(
                f"Could not verify that volume {finding.name} was removed: {error}",
                f"{error.hint}. Then check with 'dokku cache:list'",
            ) from error
        if found and ownership.is_same(finding.volume, found):
            failure = "Docker reported its removal, but still lists it"
            self._record(finding, 0, 0.0, failure=failure)
            raise CacheError(f"Volume {finding.name} was not removed: {failure}", "check 'journalctl -u docker'")

    def _record(self, finding: VolumeFinding, size_bytes: int, seconds: float, failure: str = "") -> None:
        entry = Record(
            finding.app,
            history.now(),
            self.initiator.value,
            size_bytes,
            seconds=round(seconds, 1),
            failure=failure,
            kind=finding.volume.builder.value,
            location=finding.name,
        )
        record(self.context, entry)
        told = self.context.environment, finding.app, entry.kind, finding.name
        if failure:
            events.purge_failed(*told, self.initiator.value, failure)
        else:
            events.purged(*told, (size_bytes, 0), self.initiator.value)


def refusal(decision: VolumeDecision) -> Refused:
    """Give the error that says why a volume is kept."""
    return Refused(decision.refusal, decision.next_step)


def kept(decision: VolumeDecision) -> NotDue:
    """Say why a volume is kept. In an automatic run this is not a failure."""
    return NotDue(decision.refusal, state_and_reason=decision.why_kept)
