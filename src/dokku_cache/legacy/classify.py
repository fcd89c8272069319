"""From facts to the one state of a legacy cache."""

from dataclasses import dataclass

from dokku_cache.legacy.sighting import Sighting
from dokku_cache.legacy.state import State, Verdict


@dataclass(frozen=True, order=True)
class DokkuVersion:
    """A release of Dokku."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


#: Builds keep their cache in Docker volumes from here on (dokku/dokku#5495).
FIRST_WITH_VOLUMES = DokkuVersion(0, 31, 0)
#: Deployment tasks no longer make the directory again from here on.
FIRST_WITHOUT_DIRECTORY = DokkuVersion(0, 33, 8)


@dataclass(frozen=True)
class Usage:
    """Who uses a cache: ``uses`` are sentences, one a user; ``unknown`` tells what could not be found out."""

    uses: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.uses + other.uses, self.unknown + other.unknown)


def classify(sighting: Sighting, version: DokkuVersion | None, usage: Usage) -> Verdict:
    """Give the state and its reason. ``version`` is None when it cannot be read.

    A pure function of the facts: what could not be established counts against removing.
    """
    early = classify_without_usage(sighting, version)
    if early is not None:
        return early
    mounted = tuple(
        f"{entry.name} is mounted at {entry.mounted_as}" for entry in sighting.entries if entry.mounted_as
    )
    reasons = mounted + usage.uses + usage.unknown
    if reasons:
        return Verdict(State.IN_USE, "; ".join(reasons))
    if sighting.trash:
        return Verdict(State.INTERRUPTED, "an earlier purge was cut short, its trash waits to be deleted")
    if version is not None and version < FIRST_WITHOUT_DIRECTORY:
        return Verdict(State.RECREATED, f"Dokku {version} builds in a volume, but its tasks make the directory again")
    return Verdict(State.ORPHANED, f"nothing in Dokku {version} uses it any more")


def classify_without_usage(sighting: Sighting, version: DokkuVersion | None) -> Verdict | None:
    """Give the verdict where it does not depend on who uses the cache, else None: Docker need not be asked."""
    if sighting.fault:
        return Verdict(State.UNSAFE, sighting.fault)
    if not sighting.entries:
        return Verdict(State.ABSENT)
    faults = [entry.fault for entry in sighting.entries if entry.fault]
    if faults:
        return Verdict(State.UNSAFE, "; ".join(faults))
    if version is None:
        return Verdict(State.ACTIVE, "the version of Dokku cannot be read, so builds may still use it")
    if version < FIRST_WITH_VOLUMES:
        return Verdict(State.ACTIVE, f"Dokku {version} still builds in it")
    return None
