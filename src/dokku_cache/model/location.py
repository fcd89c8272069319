"""An app's directory as it was found, and the references to its cache."""

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from dokku_cache.model.scan import Identity
from dokku_cache.model.state import ReasonCode

CACHE_NAME = "cache"
#: A leading dot: Dokku's clone and rename copy what ``./*`` matches (0.38.27, plugins/git/post-app-clone-setup).
TRASH_PREFIX = ".dokku-cache-trash."
#: A directory that was renamed to trash and may not be removed, where its old name is taken. No purge removes it, and
#: without a leading dot Dokku's rename keeps it.
KEPT_PREFIX = "dokku-cache-kept."
#: Nothing else is trash, so a directory that a person named like it is never removed automatically.
_TRASH_NAME = re.compile(re.escape(TRASH_PREFIX) + r"[0-9a-f]{16}(?:\.([0-9]{1,15})\.([0-9]{1,12}))?")


def is_trash_name(name: str) -> bool:
    """Return whether a purge gave a directory this name."""
    return bool(_TRASH_NAME.fullmatch(name))


@dataclass(frozen=True)
class Entry:
    """A legacy cache, or trash: what an interrupted purge left of one.

    ``fault`` says why it must not be touched, with ``fault_code``; empty for a plain directory without mounts.
    ``is_empty``: the dokku user can see that the directory is empty.
    """

    name: str
    identity: Identity
    fault: str = ""
    is_empty: bool = False
    fault_code: ReasonCode | None = None

    @property
    def is_trash(self) -> bool:
        """Return whether an interrupted purge left this."""
        return self.name != CACHE_NAME

    @property
    def original_size(self) -> tuple[int, int] | None:
        """Return the bytes and files of trash before anything was deleted, which end its name."""
        match = _TRASH_NAME.fullmatch(self.name)
        return (int(match[1]), int(match[2])) if match and match[1] else None


@dataclass(frozen=True)
class OtherFile:
    """Something else in the app's directory.

    ``is_by_install``: it does not show that the app exists. ``plugin:install`` wrote it, or it is an old lock file.
    None if it cannot be read.
    """

    name: str
    is_directory: bool = False
    is_by_install: bool | None = False


@dataclass(frozen=True)
class Location:
    """The directory of one app. ``path`` is that of the legacy cache, whether or not it exists.

    ``others`` is left out where there is neither cache nor trash. ``identity`` is that of the app's directory.
    ``fault`` says why that cannot be used, with ``fault_code``. ``real_path`` is the path of the cache behind a
    symbolic link.
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
        """Return whether the app's directory contains nothing that shows that the app exists."""
        return bool(self.entries) and all(other.is_by_install for other in self.others)


#: What callers read about an app that they may not see.
OTHER_USES = "another app refers to it"
OTHER_UNREADABLE = "a setting of another app cannot be read"


@dataclass(frozen=True)
class Reference:
    """One reference to a cache, or one source of references that could not be read.

    ``text`` is a sentence without a full stop. ``hint`` is the next step that ends the reference or makes the source
    readable, or empty. ``app``: only callers that may see this app may read the text; empty for all.
    """

    code: ReasonCode
    text: str
    hint: str = ""
    app: str = ""


@dataclass(frozen=True)
class References:
    """All references to one cache, to a path in it, or to its app's directory.

    ``unknown`` are sources that could not be read. A cache is unused if both are empty.
    """

    uses: tuple[Reference, ...] = ()
    unknown: tuple[Reference, ...] = ()

    def __add__(self, other: "References") -> "References":
        return References(_unique(self.uses + other.uses), _unique(self.unknown + other.unknown))

    def __bool__(self) -> bool:
        return bool(self.uses or self.unknown)

    def seen_by(self, apps: Container[str]) -> "References":
        """Give the references as a caller may read them that sees only ``apps``."""
        return References(
            _unique(_redacted(reference, OTHER_USES, apps) for reference in self.uses),
            _unique(_redacted(reference, OTHER_UNREADABLE, apps) for reference in self.unknown),
        )

    @property
    def all(self) -> tuple[Reference, ...]:
        """Give the uses, then what is unknown."""
        return self.uses + self.unknown

    @property
    def text(self) -> str:
        """Give all sentences in one line."""
        return "; ".join(reference.text for reference in self.all)

    @property
    def hint(self) -> str:
        """Give all hints in one line, each once."""
        return "; ".join(dict.fromkeys(reference.hint for reference in self.all if reference.hint))


def is_visible(app: str, visible: Container[str] | None) -> bool:
    """Return whether a caller may read about an app; an empty name is no app's. ``visible``: None for all apps."""
    return not app or visible is None or app in visible


def _redacted(reference: Reference, text: str, apps: Container[str]) -> Reference:
    if is_visible(reference.app, apps):
        return reference
    return replace(reference, text=text, hint="ask an administrator of this server", app="")


def _unique(items: Iterable[Reference]) -> tuple[Reference, ...]:
    return tuple(dict.fromkeys(items))
