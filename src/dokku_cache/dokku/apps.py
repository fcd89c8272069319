"""Dokku's apps: their names, and which of them the calling user may see."""

import os
import re
from collections.abc import Collection
from enum import Enum

from dokku_cache.dokku import plugn
from dokku_cache.errors import AppNotFound, InvalidAppName

#: Today's rule, and the older one that also let underscores through (0.38.27, plugins/common).
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


class AppState(Enum):
    """What became of a cache's app. A ghost is a directory with nothing but a legacy cache in it."""

    PRESENT = "present"
    GHOST = "ghost"
    GONE = "gone"


def is_valid(name: str) -> bool:
    """Tell whether Dokku would take this for the name of an app."""
    return bool(_NAME.fullmatch(name))


def visible() -> tuple[str, ...]:
    """Give the names of all apps, ghosts too, that the calling user may see, sorted.

    Asks trigger ``app-list`` with filtering (Dokku 0.27.0 and later). Raises Unknown.
    """
    return _listed(is_filtered=True)


def every() -> tuple[str, ...]:
    """Give the names of all apps, ghosts too, sorted: for what Dokku itself does. Raises Unknown."""
    return _listed(is_filtered=False)


def _listed(*, is_filtered: bool) -> tuple[str, ...]:
    printed = plugn.trigger("app-list", "true" if is_filtered else "false", cwd="/")
    return tuple(sorted({name for name in printed.split("\n") if is_valid(name)}))


def directories_without_app(root: str) -> tuple[str, ...]:
    """Give the names of directories below Dokku's root that are no names of apps any more, sorted.

    Older versions let some of them through; today Dokku can neither build nor destroy such an app (dokku/dokku#3054,
    #6539, #7959). Names that begin with a dot were never an app's.
    """
    try:
        with os.scandir(root) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return ()
    return tuple(sorted(name for name in names if not name.startswith(".") and not is_valid(name)))


def verify(name: str, listed: Collection[str]) -> str:
    """Give the name back if it is one of the listed apps. Raises InvalidAppName or AppNotFound."""
    if not is_valid(name):
        raise InvalidAppName
    if name not in listed:
        raise AppNotFound(name)
    return name
