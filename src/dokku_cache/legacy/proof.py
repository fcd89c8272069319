"""Facts about one legacy cache, as values: what is shown, what is not, and what could not be found out."""

from dataclasses import dataclass, field
from typing import TypeVar

from dokku_cache.model.reason_code import ReasonCode

Item = TypeVar("Item")


@dataclass(frozen=True)
class Proof:
    """One thing that has to be shown before a cache may go, and a sentence about it.

    ``holds``: True when it is shown, False when something speaks against it, None when it was not looked at wholly.
    ``code``: what speaks against it; None where nothing does.
    """

    holds: bool | None
    text: str
    code: ReasonCode | None = None


@dataclass(frozen=True)
class Usage:
    """Who uses a cache: ``uses`` are sentences, one a user; ``unknown`` tells what could not be found out.

    ``remedies`` are sentences on what ends a use, or makes the unknown known. ``use_codes`` and ``unknown_codes``
    are the kinds of uses and of unknowns, each once, in the order of the sentences.
    """

    uses: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    remedies: tuple[str, ...] = ()
    use_codes: tuple[ReasonCode, ...] = ()
    unknown_codes: tuple[ReasonCode, ...] = ()

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            _unique(self.uses + other.uses),
            _unique(self.unknown + other.unknown),
            _unique(self.remedies + other.remedies),
            _unique(self.use_codes + other.use_codes),
            _unique(self.unknown_codes + other.unknown_codes),
        )

    @property
    def is_none(self) -> bool:
        """Tell whether it is certain that nobody uses it."""
        return not self.uses and not self.unknown


def _unique(items: tuple[Item, ...]) -> tuple[Item, ...]:
    return tuple(dict.fromkeys(items))


@dataclass(frozen=True)
class Life:
    """What tells that an app of a directory's name lives.

    ``signs`` that only Dokku gives, ``hints`` that may come from elsewhere too, or ``unknown`` why that cannot be
    found out.
    """

    signs: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """The evidence about one legacy cache.

    ``place``: it lies in an app. ``writer``: a build wrote it. ``usage``: who uses it, and ``trash_usage`` who uses
    the trash beside it. ``quiet``: nobody writes into it. ``is_ghost``: its app is gone, and nothing else is left
    of it; ``life`` is what that rests on.
    """

    place: Proof
    writer: Proof
    quiet: Proof
    usage: Usage = field(default_factory=Usage)
    trash_usage: Usage = field(default_factory=Usage)
    is_ghost: bool = False
    life: Life = field(default_factory=Life)
