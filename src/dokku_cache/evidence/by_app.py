"""Gathering who uses which app's cache, from sources that each speak of a whole server."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from dokku_cache.evidence.paths import Named, Part
from dokku_cache.legacy.proof import Usage
from dokku_cache.model.reason_code import ReasonCode


@dataclass(frozen=True)
class Claim:
    """Somebody's word for a path: ``sentence`` has a ``{}`` for what it means, ``remedy`` ends the use."""

    sentence: str
    code: ReasonCode
    remedy: str = ""

    def of(self, part: Part) -> Usage:
        """Give the use of one part of an app."""
        sentence = self.sentence.replace("{}", part.value)
        return Usage((sentence,), remedies=(self.remedy,) if self.remedy else (), use_codes=(self.code,))


@dataclass
class Usages:
    """Who uses the caches of many apps.

    ``unknown`` holds for all of them. ``noted`` are the paths that were named, each with what is claimed by it.
    """

    unknown: Usage = field(default_factory=Usage)
    noted: dict[str, Claim] = field(default_factory=dict)
    _caches: defaultdict[str, Usage] = field(default_factory=lambda: defaultdict(Usage))
    _trash: defaultdict[str, Usage] = field(default_factory=lambda: defaultdict(Usage))

    def add(self, meant: Iterable[Named], claim: Claim) -> None:
        """Count a use of each of the caches that are meant."""
        for named in sorted(meant, key=lambda named: (named.app, named.part.value)):
            of_part = self._trash if named.part is Part.TRASH else self._caches
            of_part[named.app] += claim.of(named.part)

    def add_unknown(self, app: str, usage: Usage) -> None:
        """Count what could not be found out of an app, or of all where none is named."""
        if app:
            self._caches[app] += usage
        else:
            self.unknown += usage

    def note(self, path: str, claim: Claim) -> None:
        """Keep a path, for whoever finds out where it leads if this user cannot see that."""
        if path.startswith("/"):
            self.noted[path] = claim

    def of_cache(self, app: str) -> Usage:
        """Give who uses the cache of an app."""
        return self._caches.get(app, Usage()) + self.unknown

    def of_trash(self, app: str) -> Usage:
        """Give who uses the trash of an app. Nobody finds that by the cache's name or options any more."""
        return self._trash.get(app, Usage()) + self.unknown
