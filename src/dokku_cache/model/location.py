"""An app's directory as it was found: its legacy cache, leftovers of interrupted purges, and other files."""

import re
from dataclasses import dataclass

from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.tree.handles import Identity

CACHE_NAME = "cache"
#: A leading dot: Dokku's clone and rename copy what ``./*`` matches (0.38.27, plugins/git/post-app-clone-setup).
TRASH_PREFIX = ".dokku-cache-trash."
#: Nothing else is trash, so a directory that a person named like it is never removed automatically.
_TRASH_NAME = re.compile(re.escape(TRASH_PREFIX) + r"[0-9a-f]{16}(?:\.([0-9]{1,15})\.([0-9]{1,12}))?")


def is_trash_name(name: str) -> bool:
    """Tell whether a purge gave a directory this name."""
    return bool(_TRASH_NAME.fullmatch(name))


@dataclass(frozen=True)
class Entry:
    """A legacy cache, or trash: what an interrupted purge left of one.

    ``fault`` says why the entry must not be touched, with ``fault_code`` for programs; it is empty for a plain
    directory with nothing mounted in it. ``is_empty``: user dokku can see that the directory is empty.
    """

    name: str
    identity: Identity
    fault: str = ""
    is_empty: bool = False
    fault_code: ReasonCode | None = None

    @property
    def is_trash(self) -> bool:
        """Tell whether an interrupted purge left this."""
        return self.name != CACHE_NAME

    @property
    def original_size(self) -> tuple[int, int] | None:
        """Return the bytes and files of trash before anything was deleted, which end its name."""
        match = _TRASH_NAME.fullmatch(self.name)
        return (int(match[1]), int(match[2])) if match and match[1] else None


@dataclass(frozen=True)
class OtherFile:
    """Something else in the app's directory.

    ``is_by_install``: ``plugin:install`` writes this file into every directory, or it is a lock file that outlives
    its app. It does not show that the app exists.
    """

    name: str
    is_directory: bool = False
    is_by_install: bool = False


@dataclass(frozen=True)
class Location:
    """The directory of one app. ``path`` is the path of the legacy cache, whether or not it exists.

    ``fault`` says why the app's directory itself cannot be used, with ``fault_code`` for programs. ``real_path`` is
    then the real path of the cache where the app's directory is a symbolic link. ``others`` is left out where there
    is neither cache nor trash. ``identity`` is that of the app's directory.
    """

    app: str
    path: str
    cache: Entry | None = None
    trash: tuple[Entry, ...] = ()
    others: tuple[OtherFile, ...] = ()
    identity: Identity | None = None
    fault: str = ""
    real_path: str = ""
    fault_code: ReasonCode | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Everything that could be removed, trash first."""
        return (*self.trash, *((self.cache,) if self.cache else ()))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the cache and of the trash in the app's directory."""
        return (CACHE_NAME, *(entry.name for entry in self.trash))

    @property
    def is_bare(self) -> bool:
        """Tell whether the app's directory contains nothing that shows that the app exists."""
        return bool(self.entries) and all(other.is_by_install for other in self.others)
