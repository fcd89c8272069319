"""What is known about one cache, what is decided about it, and the result of a purge."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dokku_cache.model.cache import AppState, CacheVolume, Kind
from dokku_cache.model.errors import CacheError, ExitCode, NotDue
from dokku_cache.model.location import Entry, Location, References
from dokku_cache.model.scan import Scan
from dokku_cache.model.state import ReasonCode, State


@dataclass(frozen=True, order=True)
class DokkuVersion:
    """A release of Dokku."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


#: Builds keep their cache in Docker volumes since this release (dokku/dokku#5495).
FIRST_WITH_VOLUMES = DokkuVersion(0, 31, 0)
#: Deployment tasks no longer recreate the directory since this release.
FIRST_WITHOUT_DIRECTORY = DokkuVersion(0, 33, 8)


@dataclass(frozen=True)
class Verdict:
    """A state with its reason: a sentence without a full stop, empty for ABSENT. ``hint``: a next step, or empty."""

    state: State = State.ABSENT
    reason: str = ""
    hint: str = ""
    code: ReasonCode | None = None

    @property
    def described(self) -> str:
        """Give the state and its reason."""
        return f"{self.state.value}: {self.reason}"


#: The result of a check: why it passed, a sentence without a full stop; the verdict if it failed; None if not made.
CheckResult = str | Verdict | None


@dataclass(frozen=True)
class Accounts:
    """The accounts of this server. ``names`` has the local ones by uid, ``dokku`` is the uid of Dokku's user.

    ``are_complete``: no directory service, such as LDAP, may know further accounts.
    """

    names: Mapping[int, str]
    dokku: int
    are_complete: bool

    def describe(self, uid: int) -> str:
        """Name the owner of a file."""
        return self.names.get(uid) or f"uid {uid}"


@dataclass(frozen=True)
class Facts:
    """All facts that decide about one legacy cache. None means: not collected; then nothing is removed.

    ``life``: signs that the app of a bare directory exists. ``min_age_seconds``: the property. ``now``: seconds since
    the epoch.
    """

    location: Location
    version: DokkuVersion | None = None
    references: References | None = None
    trash_references: References | None = None
    life: References | None = None
    scan: Scan | None = None
    accounts: Accounts | None = None
    min_age_seconds: int | None = None
    now: float = 0.0


@dataclass(frozen=True)
class Finding:
    """The classification of one app's legacy cache and, separately, of its trash; or of one cache volume.

    ``checks``: results by name, none for a volume. ``volume`` is None for a directory. A volume's name is the path of
    its location. ``size`` is what was measured, trash included, None where it is not known.
    """

    facts: Facts
    cache: Verdict = field(default_factory=Verdict)
    trash: Verdict = field(default_factory=Verdict)
    checks: Mapping[str, CheckResult] = field(default_factory=dict)
    volume: CacheVolume | None = None
    volume_app_state: AppState | None = None
    size: Scan | None = None

    @classmethod
    def of_volume(cls, volume: CacheVolume, app_state: AppState | None, verdict: Verdict) -> "Finding":
        """Give the classification of a volume. ``app_state`` is None where its app is unknown."""
        return cls(Facts(Location(volume.app, volume.name)), verdict, volume=volume, volume_app_state=app_state)

    @property
    def app(self) -> str:
        """The app's name, empty for a volume of an unknown app."""
        return self.facts.location.app

    @property
    def title(self) -> str:
        """What the cache is called at the start of a sentence."""
        return f"Volume {self.location.path}" if self.volume else f"The legacy cache of {self.app}"

    @property
    def kind(self) -> Kind:
        """The kind of the cache."""
        return self.volume.kind if self.volume else Kind.LEGACY

    @property
    def app_state(self) -> AppState | None:
        """What became of the app, None where it is unknown."""
        if self.volume:
            return self.volume_app_state
        return AppState.GHOST if self.is_ghost else AppState.PRESENT

    @property
    def location(self) -> Location:
        """The app's directory, or the volume's name as its path."""
        return self.facts.location

    @property
    def is_ghost(self) -> bool:
        """Return whether this is what is left of a destroyed app, which Dokku still lists."""
        return self.location.is_bare and self.facts.life is not None and not self.facts.life

    @property
    def is_final(self) -> bool:
        """Return whether every check was made. Until then no cache may be removed."""
        return bool(self.checks) and None not in self.checks.values()

    @property
    def verdict(self) -> Verdict:
        """The one state that is shown of an app."""
        if self.trash.state is State.ABSENT:
            return self.cache
        if self.cache.state is State.ABSENT or self.trash.state is not State.INTERRUPTED:
            return self.trash
        reason = f"{self.trash.reason}; next to it is a cache that is {self.cache.described}"
        return Verdict(self.trash.state, reason, self.trash.hint, self.trash.code)


@dataclass(frozen=True)
class Decision:
    """What happens to one cache: whether it is removed, and ``kept``, the verdict on what is kept.

    ``targets`` are the entries of an app's directory that are removed, in this order. Of a directory with trash, one
    part may be removed and the other kept.
    """

    finding: Finding
    targets: tuple[Entry, ...] = ()
    kept: Verdict | None = None

    @property
    def app(self) -> str:
        """The app's name."""
        return self.finding.app

    @property
    def is_removal(self) -> bool:
        """Return whether anything is removed."""
        return bool(self.targets) or (self.finding.volume is not None and self.kept is None)


@dataclass(frozen=True)
class Outcome:
    """The result of a purge: ``removed`` as it was measured before, ``seconds`` for deleting.

    ``total``: bytes and files with those of interrupted purges before; None where that is ``removed``.
    ``decision`` has what was kept. ``removed_ghost``: the directory of the destroyed app is gone too.
    """

    decision: Decision
    removed: Scan
    seconds: float
    removed_ghost: bool = False
    total: tuple[int, int] | None = None


@dataclass(frozen=True)
class Result:
    """The result for one cache: an outcome, an error, both where a part is kept, or neither: it does not exist.

    ``is_repeated``: the same failure of this cache is already recorded today.
    """

    finding: Finding
    outcome: Outcome | None = None
    error: CacheError | None = None
    is_repeated: bool = False

    @property
    def exit_code(self) -> ExitCode:
        """Give the exit code. What an automatic removal keeps is not a failure."""
        return ExitCode.OK if self.error is None or isinstance(self.error, NotDue) else self.error.exit_code
