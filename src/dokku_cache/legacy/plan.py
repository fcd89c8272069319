"""What a purge would do: one plan serves the dry run, the question and the removal."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from dokku_cache.legacy.classify import DokkuVersion, classify_both
from dokku_cache.legacy.proof import Evidence
from dokku_cache.legacy.sighting import Entry, Sighting
from dokku_cache.legacy.state import CACHE_REMOVABLE, REFUSED, Mode, State, Verdict


@dataclass(frozen=True)
class Finding:
    """What is known of one app's legacy cache: ``cache`` and ``trash`` are judged apart from each other.

    ``evidence`` is None where none was needed for the verdict. ``version`` is Dokku's, None when it cannot be read.
    """

    sighting: Sighting
    cache: Verdict
    trash: Verdict = field(default_factory=lambda: Verdict(State.ABSENT))
    evidence: Evidence | None = None
    version: DokkuVersion | None = None

    @property
    def app(self) -> str:
        """The app's name."""
        return self.sighting.app

    @property
    def verdict(self) -> Verdict:
        """The one state that is shown."""
        return classify_both(self.cache, self.trash)

    @property
    def is_ghost(self) -> bool:
        """Tell whether nothing is left of the app but what this plugin removes."""
        return self.evidence is not None and self.evidence.is_ghost


@dataclass(frozen=True)
class Decision:
    """What happens to one app's legacy cache: ``targets`` go (none when nothing does), in this order.

    ``kept`` is the verdict on what stays, None when nothing does.
    """

    finding: Finding
    targets: tuple[Entry, ...] = ()
    kept: Verdict | None = None

    @property
    def app(self) -> str:
        """The app's name."""
        return self.finding.app

    @property
    def is_refused(self) -> bool:
        """Tell whether there is something that may not be removed."""
        return self.kept is not None and self.kept.state in REFUSED


def decide(finding: Finding, mode: Mode) -> Decision:
    """Decide on one app. Only what this gives as ``targets`` may ever go: what is proven, and wholly looked at."""
    cache, trash = finding.cache, finding.trash
    if trash.state in REFUSED:
        return Decision(finding, kept=trash)  # something holds it: nothing of this app is worked on
    wanted = candidates(finding, mode)
    targets = wanted if cache.is_final else tuple(entry for entry in wanted if entry.is_trash)
    is_left = finding.sighting.cache not in targets and cache.state is not State.ABSENT
    return Decision(finding, targets, kept=cache if is_left else None)


def candidates(finding: Finding, mode: Mode) -> tuple[Entry, ...]:
    """Give what might go, if a look at all of it confirms what is known so far."""
    sighting = finding.sighting
    if finding.trash.state in REFUSED:
        return ()
    trash = sighting.trash if finding.trash.state is State.INTERRUPTED else ()
    if sighting.cache is None or finding.cache.state not in CACHE_REMOVABLE[mode]:
        return trash
    return (*trash, sighting.cache)


def plan(findings: Iterable[Finding], mode: Mode) -> tuple[Decision, ...]:
    """Decide on several apps, in their order."""
    return tuple(decide(finding, mode) for finding in findings)
