"""The cache that a path or a text refers to, and a query for references: what is asked, and what is found."""

import errno
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine, Json
from dokku_cache.model.errors import Unknown
from dokku_cache.model.location import Location, Reference, References
from dokku_cache.model.scan import Identity
from dokku_cache.model.state import ReasonCode
from dokku_cache.tree.mounts import Mount, place_of

#: One name in a path that is part of a longer text.
_NAME = r"[^/\s:;,'\"`}\\]+"
#: A path, which may begin with ``..``.
_PATH = re.compile(r"(?:\.\.)?/[^\s:;,'\"`}\\]*")
#: A path that ends like this, such as at a missing file, leads to no cache.
_LEADS_NOWHERE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG})


class Part(Enum):
    """A part of an app: the cache with the rest of an interrupted purge, or the app directory."""

    CACHE = "it"
    APP = "its app directory"


@dataclass(frozen=True)
class Target:
    """A part of an app that a path refers to."""

    app: str
    part: Part


Targets = frozenset[Target]


class Locations:
    """Finds the locations that paths refer to, at a cost that does not depend on the number of locations.

    ``root`` is Dokku's root, and ``host_root`` the same directory as the engine sees it. A path above the app
    directories, such as ``/`` in a monitoring container, refers to no cache.
    """

    def __init__(self, locations: Iterable[Location], root: str, host_root: str) -> None:
        self.by_app = {location.app: location for location in locations}
        self._sees_host = os.path.normpath(root) == os.path.normpath(host_root)
        roots = dict.fromkeys(path for given in (root, host_root) for path in (given, os.path.realpath(given)))
        self._prefixes = tuple(f"{path.rstrip('/')}/" for path in roots)
        self._by_identity: dict[Identity | None, Target] = {}
        for location in self.by_app.values():
            for entry in location.entries:
                self._by_identity[entry.identity] = Target(location.app, Part.CACHE)
            if location.identity:
                self._by_identity[location.identity] = Target(location.app, Part.APP)
        self._known: dict[str, Targets] = {}
        spelled = "|".join(re.escape(prefix) for prefix in self._prefixes)
        self._in_text = re.compile(rf"(?<![\w./-])(?:{spelled})/*({_NAME})(?:/+({_NAME}))?")

    def at_path(self, path: str) -> Targets:
        """Return what an absolute path refers to, by its spelling, and through links and bind mounts."""
        if path not in self._known:
            try:
                self._known[path] = frozenset(self._at_path(_plain(path)) if path.startswith("/") else ())
            except ValueError:  # no file can have such a name
                self._known[path] = frozenset()
        return self._known[path]

    def in_text(self, text: str) -> Targets:
        """Return what the paths in a text refer to, by their spelling. Linear in the length of the text.

        A path with ``//`` or ``..`` counts as it is written, and as what it leads to.
        """
        unusual = (path.lstrip(".") for path in _PATH.findall(text) if "//" in path or "/." in path)
        both = "\n".join([text, *map(_plain, unusual)])
        found = (self._named(match[1], match[2]) for match in self._in_text.finditer(both))
        return frozenset(target for target in found if target)

    def has_variable(self, text: str) -> bool:
        """Return whether a text has a path that may lead to any app, because a variable follows Dokku's root."""
        return any("$" in f"{match[1]}{match[2] or ''}" for match in self._in_text.finditer(text))

    def on_device(self, mounts: tuple[Mount, ...]) -> dict[tuple[int, str], Location]:
        """Return the locations by the device and the path on it of their app directory."""
        found = {}
        for location in self.by_app.values():
            place = place_of(os.path.realpath(os.path.dirname(location.path)), mounts)
            if place is not None:
                found[place.device, place.root] = location
        return found

    def is_hidden(self, path: str) -> bool:
        """Return whether the dokku user cannot see where a path leads: a link in it could lead to a cache.

        A Dokku in a container sees no path of the host; there, only the spelling of a path counts.
        """
        if not path.startswith("/") or not self._sees_host:
            return False
        try:
            os.path.realpath(_plain(path), strict=True)
        except ValueError:
            return False
        except OSError as error:
            return error.errno not in _LEADS_NOWHERE
        return False

    def _at_path(self, path: str) -> Iterable[Target]:
        real = os.path.realpath(path)
        for spelling in (path, real):
            for prefix in self._prefixes:
                if spelling.startswith(prefix):
                    app, _, rest = spelling[len(prefix) :].partition("/")
                    yield from filter(None, [self._named(app, rest.partition("/")[0])])
        # A path may be another name of a cache, or lead into it. What is next to a cache in its app does not matter.
        above = ""
        while above != "/":
            above = os.path.dirname(above) if above else real
            target = self._by_identity.get(_identity(above))
            if target and (target.part is Part.CACHE or above == real):
                yield target

    def _named(self, app: str, name: str | None) -> Target | None:
        location = self.by_app.get(app)
        if location is None:
            return None
        if not name:
            return Target(app, Part.APP)
        return Target(app, Part.CACHE) if name in location.names else None


def _plain(path: str) -> str:
    plain = os.path.normpath(path)
    return plain[1:] if plain.startswith("//") else plain


def _identity(path: str) -> Identity | None:
    try:
        return Identity.of(os.stat(path))
    except (OSError, ValueError):
        return None


def docker_unavailable(error: Unknown) -> Reference:
    """Describe a question that Docker did not answer."""
    return Reference(ReasonCode.DOCKER_UNAVAILABLE, f"cannot check which containers use it: {error}", error.hint)


@dataclass
class Query:
    """The references that are wanted, and those that were found.

    ``recheck``: ask Docker again. ``asks_triggers``: fire Dokku's triggers, which takes 0.3 s for each app.
    ``hidden`` are the paths that the dokku user cannot follow, each with what is unknown therefore, and its holder:
    the id of a container, or a mount point. ``shown`` are the holders whose mounts the kernel's tables show.
    """

    environment: DokkuEnvironment
    engine: Engine
    locations: Locations
    recheck: bool
    asks_triggers: bool = False
    hidden: list[tuple[str, Reference, str]] = field(default_factory=list)
    shown: set[str] = field(default_factory=set)
    _everywhere: References = field(default_factory=References)
    _by_app: defaultdict[str, References] = field(default_factory=lambda: defaultdict(References))

    @cached_property
    def containers(self) -> list[Json]:
        """All containers, which Docker is asked for again in a recheck. Raises Unknown."""
        return self.engine.containers(refresh=self.recheck)

    def use(self, targets: Iterable[Target], reference: Reference) -> None:
        """Add a reference to each target."""
        for app in {target.app for target in targets}:
            self._by_app[app] += References(uses=(reference,))

    def unknown(self, reference: Reference, app: str = "") -> None:
        """Add a source that cannot be read: for the cache of one app, or for all caches."""
        if app:
            self._by_app[app] += References(unknown=(reference,))
        else:
            self._everywhere += References(unknown=(reference,))

    def hide(self, path: str, reference: Reference, holder: str = "") -> None:
        """Remember a path if the dokku user cannot follow it: it may lead to a cache."""
        if self.locations.is_hidden(path):
            text = f"{reference.text}: the dokku user cannot follow {path}"
            self.hidden.append((path, replace(reference, code=ReasonCode.PATH_UNREADABLE, text=text), holder))

    def ask(self, sources: "Sequence[Source]") -> None:
        """Collect the references from some sources."""
        for source in sources:
            try:
                source(self)
            except Unknown as error:
                self.unknown(docker_unavailable(error))
        # Hidden paths are unknown for all caches, unless the kernel's tables show where they lead.
        shown = {path for path, _, holder in self.hidden if holder in self.shown}
        for path, reference, _ in self.hidden:
            if path not in shown:
                self.unknown(reference)

    def of(self, app: str) -> References:
        """Return the references to the cache of an app."""
        return self._by_app.get(app, References()) + self._everywhere


#: Adds the references of one kind to a query. Raises Unknown.
Source = Callable[[Query], None]
