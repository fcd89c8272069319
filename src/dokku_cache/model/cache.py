"""Build caches: their kinds, how the app of a volume is identified, and a cache as it is listed."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from dokku_cache.model.state import ReasonCode, State


class Kind(Enum):
    """The kind of a cache: a directory, a builder's volume, a container's BuildKit state, or Docker's own cache."""

    LEGACY = "legacy"
    HEROKUISH = "herokuish"
    PACK = "pack"
    BUILDKIT = "buildkit"
    ENGINE = "engine"

    @property
    def is_volume(self) -> bool:
        """Return whether a builder keeps it in a volume."""
        return self not in {Kind.LEGACY, Kind.BUILDKIT, Kind.ENGINE}


class AppState(Enum):
    """What became of a cache's app. A ghost is a destroyed app that Dokku still lists because of its cache."""

    PRESENT = "present"
    GHOST = "ghost"
    GONE = "gone"


class Match(Enum):
    """How a volume's app is known: Dokku's label, the volume's name, or a hash in the name of the app's image."""

    LABEL = "label"
    NAME = "name"
    HASH = "hash"
    NONE = ""


class Generation(Enum):
    """Whether pack would use this volume for the next build, by the key in its name."""

    CURRENT = "current"
    FORMER = "former"
    UNKNOWN = ""


@dataclass(frozen=True)
class CacheVolume:
    """A volume in which a builder keeps its cache. Its ``app`` may be unknown, and when it was ``created``.

    ``elsewhere``: why the data may be outside Docker's own directory, such as another driver; empty otherwise.
    """

    name: str
    kind: Kind
    app: str = ""
    match: Match = Match.NONE
    generation: Generation = Generation.UNKNOWN
    created: datetime | None = None
    elsewhere: str = ""

    @property
    def has_no_proof(self) -> bool:
        """Return whether nothing but a name, which any program may use, shows that a build created it."""
        return self.kind is not Kind.PACK and self.match is not Match.LABEL


@dataclass(frozen=True)
class Cache:
    """One cache as ``cache:list`` shows it: empty or None is unknown.

    ``location`` is the directory's path or the volume's name; ``matched_by`` is ``directory`` or a value of Match;
    ``action`` is the command that removes it. ``is_purgeable``: ``cache:purge-legacy --all`` would remove it.
    """

    kind: Kind
    location: str
    app: str = ""
    app_state: AppState | None = None
    matched_by: str = ""
    state: str = State.UNKNOWN.value
    reason: str = ""
    action: str = ""
    size_bytes: int | None = None
    files: int | None = None
    last_modified: datetime | None = None
    is_purgeable: bool = False
    reason_code: ReasonCode | None = None
