"""Dokku's property store: one file a value (0.38.27, plugins/common/properties.go)."""

import os
import subprocess

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError

PLUGIN = "cache"
#: In place of an app's name, for values that hold for all apps.
GLOBAL = "--global"
#: In place of a value that is damaged. Dokku's own tool removes the file of a property that is unset, and writes no
#: empty one for this plugin.
INVALID = "invalid"
_TIMEOUT_SECONDS = 30
_HINT = "nothing was set; check that the disk has space ('df -h'), then try again"


def get(environment: DokkuEnvironment, app: str, key: str, plugin: str = PLUGIN) -> str:
    """Return a value, empty where none is set. Raises CacheError when it is there and cannot be read.

    A file of this plugin that is empty or not text, as after a full disk or a power cut, has the value INVALID.
    Files are read directly: a report over hundreds of apps cannot start Dokku's tool for each.
    """
    path = os.path.join(environment.lib_root, "config", plugin, app, key)
    try:
        value = files.read(path).strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise CacheError(
            f"The property {path} cannot be read ({error.strerror})",
            "nothing is removed automatically until user dokku can read it; check 'ls -l'",
        ) from error
    if plugin == PLUGIN and not (value and value.isprintable()):
        return INVALID
    return value


def set_value(environment: DokkuEnvironment, app: str, key: str, value: str) -> None:
    """Set a value through Dokku's own tool, or delete it when ``value`` is empty. Raises CacheError."""
    tool = os.path.join(environment.core_plugins, "common", "prop")
    arguments = ["set", PLUGIN, app, key, value] if value else ["del", PLUGIN, app, key]
    _run([tool, *arguments])


def _run(command: list[str]) -> None:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CacheError(f"Dokku's property tool could not be run: {error}", _HINT) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="backslashreplace").strip()
        raise CacheError(f"Dokku's property tool failed: {said}", _HINT)
