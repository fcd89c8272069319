"""The ten states of a legacy cache, and what each allows."""

from dataclasses import dataclass
from enum import Enum

from dokku_cache.model.reason_code import ReasonCode


class State(Enum):
    """The state of an app's legacy cache; exactly one applies."""

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


class Mode(Enum):
    """Who asks for a removal.

    A person who asks for all caches, or names an app, or names it and has answered the doubt about its cache; who
    destroys the whole app; the automatic policy; or nobody any more: what was begun is finished.
    """

    ALL = "all"
    NAMED = "named"
    CONFIRMED = "confirmed"
    DESTROY = "destroy"
    AUTOMATIC = "automatic"
    FINISH = "finish"


@dataclass(frozen=True)
class Verdict:
    """A state with its reason, a sentence that a person understands; never empty but for ABSENT.

    ``next_step``: what a person can do about it, empty where there is nothing to do. ``is_final``: everything that
    the state rests on was looked at wholly; else it is what a quick look tells, and nothing may be removed for it.
    ``code``: the reason for a program, of several the first; None for ABSENT alone.
    """

    state: State
    reason: str = ""
    next_step: str = ""
    is_final: bool = True
    code: ReasonCode | None = None

    @property
    def described(self) -> str:
        """Give the state and its reason."""
        return f"{self.state.value}: {self.reason}"

    @property
    def hint(self) -> str:
        """What a person can do about a state that forbids removal; empty for the others."""
        return self.next_step or _NEXT_STEP.get(self.state, "")


_CERTAIN = frozenset({State.ORPHANED, State.RECREATED, State.RECENT})
#: In which states the cache directory itself may go. Trash goes in none but INTERRUPTED, whoever asks.
CACHE_REMOVABLE: dict[Mode, frozenset[State]] = {
    Mode.ALL: _CERTAIN,
    Mode.NAMED: _CERTAIN,
    Mode.CONFIRMED: _CERTAIN | {State.UNVERIFIED},
    Mode.DESTROY: _CERTAIN | {State.UNVERIFIED},
    Mode.AUTOMATIC: frozenset({State.ORPHANED}),
    Mode.FINISH: frozenset(),
}
#: What is refused to a person who asks for it; the rest of what stays is not due yet.
REFUSED = frozenset({State.UNSAFE, State.ACTIVE, State.IN_USE, State.UNKNOWN, State.UNVERIFIED})
_NEXT_STEP = {
    State.UNSAFE: "look at it yourself: the plugin removes plain directories only",
    State.ACTIVE: "it becomes removable with Dokku 0.31.0 or later",
    State.IN_USE: "remove what uses it, and purge again",
    State.UNKNOWN: "purge again when that can be found out",
    State.UNVERIFIED: "look at it; if nobody needs it, name the app to 'dokku cache:purge-legacy' with --force",
}
