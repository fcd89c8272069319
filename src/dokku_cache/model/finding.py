"""What is known about one legacy cache, what is decided about it, and what came of that."""

from dataclasses import dataclass, field

from dokku_cache.model.check import Check, Result
from dokku_cache.model.location import Entry, Location
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.references import References
from dokku_cache.model.state import State
from dokku_cache.model.version import DokkuVersion
from dokku_cache.tree.scan import Scan


@dataclass(frozen=True)
class Verdict:
    """A state with its reason. ``reason`` is a sentence without a full stop, empty for ABSENT alone.

    ``hint`` is the next step, or empty. ``code`` is the reason for programs.
    """

    state: State = State.ABSENT
    reason: str = ""
    hint: str = ""
    code: ReasonCode | None = None

    @property
    def described(self) -> str:
        """Give the state and its reason."""
        return f"{self.state.value}: {self.reason}"


@dataclass(frozen=True)
class Accounts:
    """The accounts of this server. ``names`` has the local ones by uid, ``dokku`` is the uid of Dokku's user.

    ``are_complete``: no directory service, such as LDAP, may know further accounts.
    """

    names: dict[int, str] = field(default_factory=dict)
    dokku: int = -1
    are_complete: bool = True

    def describe(self, uid: int) -> str:
        """Name the owner of a file."""
        return self.names.get(uid) or f"uid {uid}"


@dataclass(frozen=True)
class Facts:
    """All facts that decide about one legacy cache. None means: not collected.

    ``life``: signs that the app of a bare directory exists. ``min_age_seconds``: the property. ``now``: seconds since
    the epoch.
    """

    location: Location
    version: DokkuVersion | None = None
    references: References | None = None
    trash_references: References | None = None
    life: References | None = None
    scan: Scan | None = None
    accounts: Accounts = field(default_factory=Accounts)
    min_age_seconds: int = 0
    now: float = 0.0

    @property
    def is_ghost(self) -> bool:
        """Tell whether this is what is left of a destroyed app, which Dokku still lists."""
        return self.location.is_bare and self.life is not None and not self.life


@dataclass(frozen=True)
class Finding:
    """The classification of one app's legacy cache and, separately, of its trash."""

    facts: Facts
    cache: Verdict = field(default_factory=Verdict)
    trash: Verdict = field(default_factory=Verdict)
    checks: tuple[Check, ...] = ()

    @property
    def app(self) -> str:
        """The app's name."""
        return self.facts.location.app

    @property
    def location(self) -> Location:
        """The app's directory."""
        return self.facts.location

    @property
    def is_ghost(self) -> bool:
        """Tell whether the app was destroyed."""
        return self.facts.is_ghost

    @property
    def is_final(self) -> bool:
        """Tell whether every check was made. Until then no cache may be removed."""
        return all(check.result is not Result.NOT_CHECKED for check in self.checks)

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
    """What happens to one app's legacy cache: ``targets`` are removed, in this order.

    ``kept`` is the verdict on what is kept, None when nothing is.
    """

    finding: Finding
    targets: tuple[Entry, ...] = ()
    kept: Verdict | None = None

    @property
    def app(self) -> str:
        """The app's name."""
        return self.finding.app


@dataclass(frozen=True)
class Outcome:
    """The result of a purge: ``removed`` as it was scanned before, ``seconds`` for deleting.

    ``decision`` has what was kept. ``removed_ghost``: the directory of the destroyed app is gone too.
    """

    decision: Decision
    removed: Scan
    seconds: float
    removed_ghost: bool = False

    @property
    def app(self) -> str:
        """The app's name."""
        return self.decision.app
