"""Which volumes Dokku's docker options and storage name, whether or not a container mounts them now.

An app that was scaled to nothing, or stopped and cleaned up, has no container: then its options alone tell that a
volume is somebody's.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from dokku_cache.dokku import option_stores
from dokku_cache.dokku.docker_options import FIRST_WITHOUT_SHELL, expand, is_unresolved
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.version import DokkuVersion

#: What cannot be in a volume's name (moby, daemon/names).
_OTHER = re.compile("[^a-zA-Z0-9_.-]+")
#: Short flags may be written in one word with their value: ``-vname:/b``.
_SHORT_FLAG = re.compile("-[a-zA-Z]*?v")


@dataclass
class Mentions:
    """Sentences on who names a volume, by its name; ``unknown``: what could not be read, or a shell alone could."""

    by_name: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def find(environment: DokkuEnvironment, names: Collection[str], installed: DokkuVersion | None) -> Mentions:
    """Look for names of volumes in all that Dokku keeps of any app. ``installed``: Dokku's version, if known."""
    mentions = Mentions()
    wanted = frozenset(names)
    has_shell = installed is None or installed < FIRST_WITHOUT_SHELL
    for stored in option_stores.read(environment):
        if stored.fault:
            mentions.unknown += (f"{stored.what}: {stored.fault}",)
            continue
        text = expand(stored.text, stored.owner, environment) if has_shell else stored.text
        for name in sorted(_named(text) & wanted):
            sentence = f"{stored.what} names it: {stored.text}"
            mentions.by_name[name] = (*mentions.by_name.get(name, ()), sentence)
        if has_shell and is_unresolved(text):
            mentions.unknown += (f"{stored.what} names a place that only a shell could tell: {stored.text}",)
    return mentions


def _named(text: str) -> frozenset[str]:
    words = {*_OTHER.split(text)}
    return frozenset(words | {_SHORT_FLAG.sub("", word, count=1) for word in words if word.startswith("-")})
