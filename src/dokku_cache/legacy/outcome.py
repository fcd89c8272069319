"""What came of a purge."""

from dataclasses import dataclass

from dokku_cache.legacy.plan import Decision
from dokku_cache.tree.measurement import Measurement


@dataclass(frozen=True)
class Outcome:
    """What a purge removed: ``measured`` before deleting, ``seconds`` of deleting; ``decision`` has what was kept."""

    decision: Decision
    measured: Measurement
    seconds: float
    removed_ghost: bool

    @property
    def app(self) -> str:
        """The app's name."""
        return self.decision.app
