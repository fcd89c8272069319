"""Releases of Dokku."""

from dataclasses import dataclass


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
