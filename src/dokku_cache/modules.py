"""Whose modules run: the distribution's, with which this plugin was tested.

``python3 -I`` ignores what belongs to a user, but searches ``/usr/local/lib/python3.*/dist-packages`` before the
distribution's directory (Debian's site.py). A module that root once installed there with pip would hide the
distribution's: requests 2.32 breaks the docker SDK of Debian 12 (docker/docker-py#3256).
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType

from dokku_cache.model.errors import CacheError

#: The distribution keeps all of its modules here, and nothing else is here.
DISTRIBUTION = "/usr/lib/"
#: The packages that this plugin needs, and those that they need: another copy can hide each.
LOADED = (
    "docker", "requests", "urllib3", "charset_normalizer", "chardet", "idna", "certifi", "websocket", "packaging",
    "six", "yaml", "rich", "pygments", "markdown_it",
)  # fmt: skip


def distribution_first(path: Sequence[str]) -> list[str]:
    """Order a ``sys.path``: this plugin, which is first, then the distribution's directories, then the others.

    The others are kept for servers where root installed the packages only with pip.
    """
    return [*path[:1], *sorted(path[1:], key=lambda directory: not directory.startswith(DISTRIBUTION))]


def own_distutils_first() -> None:
    """Use Python's own ``distutils`` where there is one (before 3.12). The docker SDK 5 needs a few lines of it.

    setuptools replaces it at every start (distutils-precedence.pth); that takes as long as loading the whole SDK.
    """
    setuptools = sys.modules.get("_distutils_hack")
    own = PathFinder.find_spec("distutils") if setuptools else None
    places = (own.submodule_search_locations if own else None) or ()
    if any(os.path.exists(os.path.join(place, "spawn.py")) for place in places):
        getattr(setuptools, "remove_shim", lambda: None)()


def load(name: str) -> ModuleType:
    """Import a package that ``install`` brings, or a module of it. Raises CacheError where it cannot be used."""
    package = name.partition(".")[0]
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name == package:
            hint = "run 'sudo dokku plugin:install-dependencies'"
            raise CacheError(f"The Python package {package} is missing", hint) from error
        raise not_usable(package, error) from error
    except Exception as error:
        # A package of another version can fail in any way while it is imported.
        raise not_usable(package, error) from error


def not_usable(package: str, error: Exception) -> CacheError:
    """Return the error for a package that cannot be used, with the files that hide modules of the distribution."""
    others = foreign_modules()
    hidden = "; ".join(f"{file} shadows the distribution's {name}" for name, file in others.items())
    cause = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return CacheError(
        f"The Python package {package} cannot be used ({cause})" + (f": {hidden}" if hidden else ""),
        f"remove the other copy with 'sudo /usr/bin/python3 -m pip uninstall {' '.join(others)}'"
        if hidden
        else f"reinstall it with 'sudo apt-get install --reinstall python3-{package}'",
    )


def foreign_modules() -> dict[str, str]:
    """Return the loaded modules that are not the distribution's, each with its file."""
    files = {name: getattr(sys.modules.get(name), "__file__", None) for name in LOADED}
    return {name: file for name, file in files.items() if file and not file.startswith(DISTRIBUTION)}
