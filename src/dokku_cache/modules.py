"""Whose modules run: the distribution's, which are the ones that this plugin was tested with.

``python3 -I`` leaves out what belongs to a user, but looks into ``/usr/local/lib/python3.*/dist-packages`` before the
distribution's own directory (Debian's site.py). What root once installed there with pip would hide modules that it
does not go together with: requests 2.32 breaks the docker SDK of Debian 12 (docker/docker-py#3256).
"""

import contextlib
import os
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType

from dokku_cache.errors import PackageHidden, PackageMissing

#: Where the distribution keeps all of its modules, and nothing else is kept.
DISTRIBUTION = "/usr/lib/"
#: What this plugin loads, and what that loads in its turn: each can be hidden by another of its name.
LOADED = (
    "docker", "requests", "urllib3", "charset_normalizer", "chardet", "idna", "certifi", "websocket", "packaging",
    "six", "yaml", "rich", "pygments", "markdown_it",
)  # fmt: skip


def distribution_first(path: Sequence[str]) -> list[str]:
    """Order a ``sys.path``: this plugin, which comes first, then the distribution's directories, then all others.

    The others stay, for a server where root brought the modules with pip alone.
    """
    return [*path[:1], *sorted(path[1:], key=lambda directory: not directory.startswith(DISTRIBUTION))]


def own_distutils_first() -> None:
    """Let ``distutils``, of which the docker SDK 5 needs a few lines, be Python's own: before 3.12 there is one.

    Where setuptools is installed it puts its own in that place, at every start (distutils-precedence.pth); loading
    that takes as long as all the rest of the SDK.
    """
    setuptools = sys.modules.get("_distutils_hack")
    own = PathFinder.find_spec("distutils") if setuptools else None
    places = (own.submodule_search_locations if own else None) or ()
    if any(os.path.exists(os.path.join(place, "spawn.py")) for place in places):
        getattr(setuptools, "remove_shim", lambda: None)()


def begin_to_load(name: str) -> None:
    """Import a package meanwhile, for who needs it soon and waits for other programs first.

    What goes wrong is told by ``load``.
    """

    def begin() -> None:
        with contextlib.suppress(Exception):
            import_module(name)

    # Without room for a thread it is loaded when it is needed. Nobody waits for it at the end.
    with contextlib.suppress(RuntimeError):
        threading.Thread(target=begin, daemon=True).start()


def load(name: str) -> ModuleType:
    """Import a package that ``install`` brings, or a module of it.

    Raises PackageMissing where it is not there, PackageHidden where it, or what it needs, cannot be used.
    """
    package = name.partition(".")[0]
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name == package:
            raise PackageMissing(package) from error
        raise not_usable(package, error) from error
    except Exception as error:
        # One of another version can fail in any way while it is loaded.
        raise not_usable(package, error) from error


def not_usable(package: str, error: Exception) -> PackageHidden:
    """Give the error that says why a package cannot be used, with the files of the modules that are not its own."""
    return PackageHidden(package, f"{type(error).__name__}: {' '.join(str(error).split())}", strangers())


def strangers() -> dict[str, str]:
    """Give those of the loaded modules that are not the distribution's, each with its file."""
    files = {name: getattr(sys.modules.get(name), "__file__", None) for name in LOADED}
    return {name: file for name, file in files.items() if file and not file.startswith(DISTRIBUTION)}
