"""Telling whether a path that somebody else names is a legacy cache, or lies in one."""

import os
import re

from dokku_cache.legacy.handles import Identity
from dokku_cache.legacy.mounts import is_at_or_below
from dokku_cache.legacy.sighting import Sighting

_END_OF_NAME = r"(?=[/\s:,'\"]|$)"


class CachePath:
    """All the ways to name one app's legacy cache: its spellings, and what stands there.

    ``host_root`` is Dokku's root as the Docker engine knows it. A path above the cache is not the cache: a
    monitoring container that mounts ``/`` uses none.
    """

    def __init__(self, sighting: Sighting, dokku_root: str, host_root: str) -> None:
        names = {"cache", *(entry.name for entry in sighting.entries)}
        roots = {dokku_root, host_root, os.path.realpath(dokku_root)}
        self.spellings = frozenset(os.path.join(root, sighting.app, name) for root in roots for name in names)
        self._identities = {entry.identity for entry in sighting.entries}

    def is_named_in(self, text: str) -> bool:
        """Tell whether any spelling stands in a text, as a whole path or the start of a longer one."""
        return any(re.search(re.escape(spelling) + _END_OF_NAME, text) for spelling in self.spellings)

    def covers(self, path: str) -> bool:
        """Tell whether ``path`` is the cache or below it, by any spelling, link or bind mount."""
        if not path.startswith("/"):
            return False
        plain = os.path.normpath(path).replace("//", "/", 1) if path.startswith("//") else os.path.normpath(path)
        real = os.path.realpath(plain)
        if any(is_at_or_below(candidate, spelling) for candidate in (plain, real) for spelling in self.spellings):
            return True
        return self._stands_in(real)

    def _stands_in(self, path: str) -> bool:
        while True:
            try:
                if Identity.of(os.stat(path)) in self._identities:
                    return True
            except OSError:
                pass  # gone, or not to be looked at as this user: its parents still can be
            parent = os.path.dirname(path)
            if parent == path:
                return False
            path = parent
