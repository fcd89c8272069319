"""Telling which legacy caches a path means that somebody else names: in a mount, an option, a configuration."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from dokku_cache.legacy.handles import Identity
from dokku_cache.legacy.sighting import CACHE_NAME, Sighting

#: Ends a component of a path in a text that is not taken apart any further.
_COMPONENT = r"[^/\s:,;'\"}]+"


class Part(Enum):
    """What of an app a path names: its cache or something in it, its trash, or the whole directory of the app."""

    CACHE = "it"
    TRASH = "its trash"
    WHOLE = "the app's directory"


@dataclass(frozen=True)
class Named:
    """One app whose cache a path means."""

    app: str
    part: Part


class CachePaths:
    """All the ways to name the legacy caches of many apps: their spellings, and what stands there.

    ``roots`` are Dokku's root as it is called by Dokku and by the engine. A path of an app's own directory means
    its cache too; Dokku's root, or what lies above that, such as ``/`` in a monitoring container, means none.
    """

    def __init__(self, sightings: Iterable[Sighting], *roots: str) -> None:
        self._roots = tuple(dict.fromkeys(spelling for root in roots for spelling in (root, os.path.realpath(root))))
        self._apps: dict[str, dict[str, Part]] = {}
        self._inside: dict[Identity, Named] = {}
        self._whole: dict[Identity, Named] = {}
        self._known: dict[str, frozenset[Named]] = {}
        for sighting in sightings:
            self._add(sighting)
        spelled = "|".join(re.escape(root.rstrip("/")) for root in self._roots)
        self._in_text = re.compile(rf"(?:{spelled})/+({_COMPONENT})(?:/+({_COMPONENT}))?/?")

    def _add(self, sighting: Sighting) -> None:
        names = {CACHE_NAME: Part.CACHE, **{entry.name: Part.TRASH for entry in sighting.trash}}
        self._apps[sighting.app] = names
        for entry in sighting.entries:
            self._inside[entry.identity] = Named(sighting.app, names[entry.name])
        if sighting.identity is not None:
            self._whole[sighting.identity] = Named(sighting.app, Part.WHOLE)

    def meant_by(self, path: str) -> frozenset[Named]:
        """Give the caches that ``path`` means, by any spelling, link or bind mount. A relative path means none."""
        if not path.startswith("/"):
            return frozenset()
        if path not in self._known:
            plain = os.path.normpath(path)
            plain = plain[1:] if plain.startswith("//") else plain
            real = os.path.realpath(plain)
            found = {*self._spelled(plain), *self._spelled(real), *self._standing_at(real)}
            self._known[path] = frozenset(found)
        return self._known[path]

    def named_in(self, text: str) -> frozenset[Named]:
        """Give the caches whose path stands in a text, as a whole path or the start of a longer one."""
        found = (self._of_components(match[1], match[2]) for match in self._in_text.finditer(text))
        return frozenset(named for named in found if named is not None)

    def _spelled(self, path: str) -> Iterable[Named]:
        for root in self._roots:
            if path.startswith(root.rstrip("/") + "/"):
                app, _, rest = path[len(root.rstrip("/")) + 1 :].partition("/")
                named = self._of_components(app, rest.partition("/")[0])
                if named is not None:
                    yield named

    def _of_components(self, app: str, name: str | None) -> Named | None:
        names = self._apps.get(app)
        if names is None:
            return None
        if not name:
            return Named(app, Part.WHOLE)
        return Named(app, names[name]) if name in names else None

    def _standing_at(self, path: str) -> Iterable[Named]:
        """Look what stands at a path and above: by its identity, it may be a cache under another name."""
        identity = _identity(path)
        if identity in self._whole:
            yield self._whole[identity]
        while True:
            if identity in self._inside:
                yield self._inside[identity]
                return
            parent = os.path.dirname(path)
            if parent == path:
                return
            path, identity = parent, _identity(parent)


def _identity(path: str) -> Identity | None:
    try:
        return Identity.of(os.stat(path))
    except (OSError, ValueError):
        return None  # gone, or not to be looked at as this user: its parents still can be
