"""What a purge would do: one plan serves the dry run, the question and the removal."""

from collections.abc import Iterable
from dataclasses import dataclass

from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.legacy.state import CACHE_REMOVABLE, REFUSED, Mode, State, Verdict


@dataclass(frozen=True)
class Finding:
    """What is known of one app's legacy cache."""

    sighting: Sighting
    verdict: Verdict

    @property
    def app(self) -> str:
        """The app's name."""
        return self.sighting.app


@dataclass(frozen=True)
class Decision:
    """What happens to one app's legacy cache: ``targets`` go (none when nothing does), in this order."""

    finding: Finding
    targets: tuple[Entry, ...] = ()

    @property
    def app(self) -> str:
        """The app's name."""
        return self.finding.app

    @property
    def is_refused(self) -> bool:
        """Tell whether there is something that may not be removed."""
        return self.finding.verdict.state in REFUSED


def decide(finding: Finding, mode: Mode) -> Decision:
    """Decide on one app. Only what this gives as ``targets`` may ever be removed."""
    state = finding.verdict.state
    sighting = finding.sighting
    if state is State.INTERRUPTED:
        # With trash there may be a new cache too. By hand it goes; the automatic policy ends what was begun,
        # and judges the rest once there is no trash.
        cache = (sighting.cache,) if sighting.cache and mode is Mode.BY_HAND else ()
        return Decision(finding, (*sighting.trash, *cache))
    if state in CACHE_REMOVABLE[mode] and sighting.cache:
        return Decision(finding, (sighting.cache,))
    return Decision(finding)


def plan(findings: Iterable[Finding], mode: Mode) -> tuple[Decision, ...]:
    """Decide on several apps, in their order."""
    return tuple(decide(finding, mode) for finding in findings)
