"""References to a cache: whatever uses it, or might use it."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from dokku_cache.model.reason_code import ReasonCode

#: What callers read about an app that they may not see.
OTHER_USES = "another app refers to it"
OTHER_UNREADABLE = "a setting of another app cannot be read"


@dataclass(frozen=True)
class Reference:
    """One reference to a cache, or one source of references that could not be read.

    ``text`` is a sentence without a full stop, such as "container shop.web.1 mounts it at /data (running)". ``hint``
    is the next step that ends the reference or makes the source readable, or empty. ``app`` is the app that the
    source belongs to, or empty; only callers that may see that app may read the text.
    """

    code: ReasonCode
    text: str
    hint: str = ""
    app: str = ""


@dataclass(frozen=True)
class References:
    """All references to one cache. Unused means: both are empty.

    ``uses`` refer to the cache, to a path in it, or to its app's directory. ``unknown`` are sources that could not be
    read, so that the cache counts as in use.
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
    def apps(self) -> frozenset[str]:
        """Give the apps that the texts may say something about."""
        return frozenset(reference.app for reference in self.all if reference.app)

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
    """Tell whether a caller may read about an app; an empty name is no app's. ``visible``: None for all apps."""
    return not app or visible is None or app in visible


def _redacted(reference: Reference, text: str, apps: Container[str]) -> Reference:
    if is_visible(reference.app, apps):
        return reference
    return replace(reference, text=text, hint="ask an administrator of this server", app="")


def _unique(items: Iterable[Reference]) -> tuple[Reference, ...]:
    return tuple(dict.fromkeys(items))
