"""The seven states of a legacy cache, and what each allows."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """The state of an app's legacy cache; exactly one applies."""

    ABSENT = "absent"
    UNSAFE = "unsafe"
    ACTIVE = "active"
    IN_USE = "in-use"
    INTERRUPTED = "interrupted"
    RECREATED = "recreated"
    ORPHANED = "orphaned"


class Mode(Enum):
    """Who asks for a removal: a person who named the app, or the automatic policy."""

    BY_HAND = "by hand"
    AUTOMATIC = "automatic"


@dataclass(frozen=True)
class Verdict:
    """A state with its reason, a sentence that a person understands; never empty but for ABSENT."""

    state: State
    reason: str = ""

    @property
    def hint(self) -> str:
        """What a person can do about a state that forbids removal; empty for the others."""
        return _NEXT_STEP.get(self.state, "")


#: What may be removed in each state: the cache directory itself, and trash.
CACHE_REMOVABLE = {
    Mode.BY_HAND: frozenset({State.ORPHANED, State.RECREATED}),
    Mode.AUTOMATIC: frozenset({State.ORPHANED}),
}
REFUSED = frozenset({State.UNSAFE, State.ACTIVE, State.IN_USE})
_NEXT_STEP = {
    State.UNSAFE: "look at it yourself: the plugin removes plain directories only",
    State.ACTIVE: "it becomes removable with Dokku 0.31.0 or later",
    State.IN_USE: "remove what uses it, and purge again",
}
