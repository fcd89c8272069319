"""The states of a legacy cache directory, and what asks for its removal."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """The state of a legacy cache directory, or of what an interrupted purge left of it."""

    ABSENT = "absent"
    UNSAFE = "unsafe"
    ACTIVE = "active"
    IN_USE = "in-use"
    UNKNOWN = "unknown"
    INTERRUPTED = "interrupted"
    UNVERIFIED = "unverified"
    RECREATED = "recreated"
    RECENT = "recent"
    ORPHANED = "orphaned"


class Initiator(Enum):
    """What started a removal. The history records it."""

    MANUAL = "manual"
    DEPLOY = "deploy"
    DESTROY = "destroy"
    RENAME = "rename"
    UPGRADE = "upgrade"
    CRON = "cron"
    LOW_DISK = "low-disk"

    @property
    def is_automatic(self) -> bool:
        """Tell whether no person asked for this removal, so that keeping a cache is not a failure."""
        return self not in {Initiator.MANUAL, Initiator.DESTROY}


@dataclass(frozen=True)
class Request:
    """One request to remove caches.

    ``is_named``: a person named the app on the command line. ``is_confirmed``: the person also used --force or typed
    the app's name. ``auto_purge``: the property of the app; it matters to automatic removals only.
    """

    initiator: Initiator = Initiator.MANUAL
    is_named: bool = False
    is_confirmed: bool = False
    auto_purge: bool = True
