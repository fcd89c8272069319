"""Which cache volumes go: one plan serves the dry run, the question and the removal."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from dokku_cache.dokku.apps import AppState
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.volumes.ownership import CacheVolume
from dokku_cache.volumes.state import VolumeState, VolumeVerdict, is_named_alone


class Wish(Enum):
    """Which volumes to remove: those of destroyed apps, or all of named apps."""

    ORPHANED = "orphaned"
    APP = "app"


@dataclass(frozen=True)
class VolumeFinding:
    """One cache volume with what was found out about it. ``size_bytes`` is None where it is not known."""

    volume: CacheVolume
    app_state: AppState | None
    verdict: VolumeVerdict
    size_bytes: int | None = None

    @property
    def name(self) -> str:
        """The volume's name."""
        return self.volume.name

    @property
    def app(self) -> str:
        """The app's name, empty where nothing tells it."""
        return self.volume.app


@dataclass(frozen=True)
class VolumeDecision:
    """What happens to one volume: it goes when ``why_kept`` is empty, else that says why it stays.

    ``code`` says that to a program.
    """

    finding: VolumeFinding
    why_kept: str = ""
    next_step: str = ""
    code: ReasonCode | None = None

    @property
    def goes(self) -> bool:
        """Tell whether it is removed."""
        return not self.why_kept

    @property
    def refusal(self) -> str:
        """A sentence about why it is kept."""
        has_state = self.why_kept.startswith(f"{self.finding.verdict.state.value}: ")
        return f"Volume {self.finding.name} is {'' if has_state else 'kept: '}{self.why_kept}"


#: Of an app that its owner has named: its live caches too, as builds make them anew.
_OF_AN_APP = frozenset({VolumeState.LIVE, VolumeState.STALE, VolumeState.ORPHANED, VolumeState.RECENT})
#: In which states a volume may go, for whom.
GOES: dict[Wish, frozenset[VolumeState]] = {
    Wish.ORPHANED: frozenset({VolumeState.ORPHANED}),
    Wish.APP: _OF_AN_APP,
}


def decide(finding: VolumeFinding, wish: Wish) -> VolumeDecision:
    """Decide on one volume. Only what this lets go may ever be removed."""
    volume, verdict = finding.volume, finding.verdict
    described = f"{verdict.state.value}: {verdict.reason}"
    if verdict.state not in GOES[wish]:
        return VolumeDecision(finding, described, verdict.next_step, verdict.code)
    if verdict.doubt:
        hint = "fix the cause, then purge again"
        return VolumeDecision(finding, verdict.doubt, hint, ReasonCode.USAGE_UNKNOWN)
    if is_named_alone(volume):
        hint = f"inspect it; if it contains only the build cache, run 'dokku repo:purge-cache {volume.app}'"
        return VolumeDecision(finding, "no label shows that Dokku created it", hint, ReasonCode.NO_LABEL)
    if volume.elsewhere:
        hint = f"inspect it with 'docker volume inspect {volume.name}'"
        return VolumeDecision(finding, volume.elsewhere, hint, ReasonCode.NOT_LOCAL)
    return VolumeDecision(finding)


def choose(findings: Iterable[VolumeFinding], wish: Wish, apps: frozenset[str] = frozenset()) -> list[VolumeDecision]:
    """Decide on all that somebody asks for: what belongs to no app that is there, or to the named ``apps``.

    They come in the order of their apps, as legacy caches do: Docker lists volumes in one that nobody can foresee.
    """
    chosen = (finding for finding in findings if _is_meant(finding, wish, apps))
    return [decide(finding, wish) for finding in sorted(chosen, key=lambda finding: (finding.app, finding.name))]


def _is_meant(finding: VolumeFinding, wish: Wish, apps: frozenset[str]) -> bool:
    if wish is Wish.ORPHANED:
        return finding.app_state is not AppState.PRESENT
    return finding.app in apps
