"""What is asked of the sources, and what they found."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.errors import Unknown
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.references import Reference, References
from dokku_cache.sources.locations import Locations, Target


@dataclass(frozen=True)
class Query:
    """Which references are wanted.

    ``recheck``: ask Docker again. ``asks_triggers``: fire Dokku's triggers, which takes 0.3 s for each app.
    """

    environment: DokkuEnvironment
    engine: Engine
    locations: Locations
    recheck: bool
    asks_triggers: bool


@dataclass(frozen=True)
class Hidden:
    """A path that user dokku cannot follow.

    ``holder`` mounts it: the id of a container, or a mount point. Where the kernel's tables show all mounts of the
    holder, they show where the path leads. Otherwise ``unknown`` applies to all caches.
    """

    path: str
    unknown: Reference
    holder: str = ""


def docker_unavailable(error: Unknown) -> Reference:
    """Describe a question that Docker did not answer, in the same words for all questions."""
    return Reference(ReasonCode.DOCKER_UNAVAILABLE, f"cannot check which containers use it: {error}", error.hint)


@dataclass
class Found:
    """The references that were found, by app. ``shown`` are the holders whose mounts the kernel's tables show."""

    everywhere: References = field(default_factory=References)
    hidden: list[Hidden] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    _by_app: defaultdict[str, References] = field(default_factory=lambda: defaultdict(References))

    def use(self, targets: Iterable[Target], reference: Reference) -> None:
        """Add a reference to each target."""
        for app in {target.app for target in targets}:
            self._by_app[app] += References(uses=(reference,))

    def unknown(self, reference: Reference, app: str = "") -> None:
        """Add what cannot be read: for the cache of one app, or for all caches."""
        if app:
            self._by_app[app] += References(unknown=(reference,))
        else:
            self.everywhere += References(unknown=(reference,))

    def hide(self, path: str, text: str, hint: str, app: str, *, holder: str = "") -> None:
        """Add a path that user dokku cannot follow. ``text`` describes what refers to it."""
        reason = f"{text}, which user dokku cannot follow"
        self.hidden.append(Hidden(path, Reference(ReasonCode.PATH_UNREADABLE, reason, hint, app), holder))

    def settle_hidden(self) -> None:
        """Count hidden paths as unknown, unless the kernel's tables show where they lead."""
        shown = {hidden.path for hidden in self.hidden if hidden.holder in self.shown}
        for hidden in self.hidden:
            if hidden.path not in shown:
                self.unknown(hidden.unknown)

    def of(self, app: str) -> References:
        """Give the references to the cache of an app."""
        return self._by_app.get(app, References()) + self.everywhere
