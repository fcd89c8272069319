"""Telling which legacy caches a path means that somebody else names: in a mount, an option, a configuration."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from dokku_cache.model.location import CACHE_NAME, Location
from dokku_cache.tree.handles import Identity
from dokku_cache.tree.mounts import Mount, is_at_or_below, place_of

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

    def __init__(self, sightings: Iterable[Location], *roots: str) -> None:
        self._roots = tuple(dict.fromkeys(spelling for root in roots for spelling in (root, os.path.realpath(root))))
        self._apps: dict[str, dict[str, Part]] = {}
        self._directories: dict[str, str] = {}
        self._renamed: dict[str, float] = {}
        self._inside: dict[Identity, Named] = {}
        self._whole: dict[Identity, Named] = {}
        self._known: dict[str, frozenset[Named]] = {}
        for sighting in sightings:
            self._add(sighting)
        spelled = "|".join(re.escape(root.rstrip("/")) for root in self._roots)
        self._in_text = re.compile(rf"(?<![\w./-])(?:{spelled})/+({_COMPONENT})(?:/+({_COMPONENT}))?/?")

    def _add(self, sighting: Location) -> None:
        names = {CACHE_NAME: Part.CACHE, **{entry.name: Part.TRASH for entry in sighting.trash}}
        self._apps[sighting.app] = names
        self._directories[sighting.app] = os.path.realpath(os.path.dirname(sighting.path))
        if sighting.trash:
            self._renamed[sighting.app] = max(entry.changed for entry in sighting.trash)
        for entry in sighting.entries:
            self._inside[entry.identity] = Named(sighting.app, names[entry.name])
        if sighting.identity is not None:
            self._whole[sighting.identity] = Named(sighting.app, Part.WHOLE)

    def meant_by(self, path: str) -> frozenset[Named]:
        """Give the caches that ``path`` means, by any spelling, link or bind mount. A relative path means none."""
        if not path.startswith("/"):
            return frozenset()
        if path not in self._known:
            try:
                plain, real = _plain(path), os.path.realpath(_plain(path))
                found = {*self._spelled(plain), *self._spelled(real), *self._standing_at(real)}
            except ValueError:  # a name that no file can have
                found = set()
            self._known[path] = frozenset(found)
        return self._known[path]

    def trash_instead(self, meant: frozenset[Named], created: object) -> frozenset[Named]:
        """Give the trash that a container means by the name of the cache, as it was made before that was renamed.

        ``created``: seconds since the epoch, as the engine tells them; what is no number counts as before.
        """
        apps = {named.app for named in meant if named.part is Part.CACHE}
        is_number = isinstance(created, int | float)
        return frozenset(
            Named(app, Part.TRASH)
            for app in apps
            if app in self._renamed and (not is_number or created <= self._renamed[app])  # type: ignore[operator]
        )

    def meant_by_place(self, place: Mount, mounts: tuple[Mount, ...]) -> frozenset[Named]:
        """Give the caches that a directory means, by its place on its device (Mount.root), as the kernel has it."""
        found = set()
        for app, whole in self._directories.items():
            for path, named in ((whole, Named(app, Part.WHOLE)), *self._named_below(app, whole)):
                there = place_of(path, mounts)
                if there is None or there.device != place.device:
                    continue
                is_in = named.part is not Part.WHOLE and is_at_or_below(place.root, there.root)
                if is_in or place.root == there.root:
                    found.add(named)
        return frozenset(found)

    def _named_below(self, app: str, whole: str) -> list[tuple[str, Named]]:
        return [(os.path.join(whole, name), Named(app, part)) for name, part in self._apps[app].items()]

    def is_hidden(self, path: str) -> bool:
        """Tell whether it cannot be seen as this user where a path leads: a link in it would stay unknown."""
        if not path.startswith("/"):
            return False
        try:
            os.path.realpath(_plain(path), strict=True)
        except PermissionError:
            return True
        except (OSError, ValueError):
            return False
        return False

    def is_above_all(self, path: str) -> bool:
        """Tell whether a path is Dokku's root or lies above it, so that what it goes on with could be any app."""
        plain = _plain(path)
        return any(is_at_or_below(root, plain) for root in self._roots)

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


def _plain(path: str) -> str:
    plain = os.path.normpath(path)
    return plain[1:] if plain.startswith("//") else plain


def _identity(path: str) -> Identity | None:
    try:
        return Identity.of(os.stat(path))
    except (OSError, ValueError):
        return None  # gone, or not to be looked at as this user: its parents still can be
