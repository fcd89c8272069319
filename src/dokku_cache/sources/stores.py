"""Docker options and storage as Dokku keeps them on disk, of all apps at once.

- ``<root>/<app>/DOCKER_OPTIONS_<PHASE>``: one or several options a line (before 0.38,
  plugins/docker-options/functions);
- ``<lib root>/config/docker-options/<app>/<process type>.<phase>`` (from 0.38.0,
  plugins/docker-options/functions.go);
- ``<lib root>/data/storage-registry/entries/<name>.json`` with a ``host_path`` (from 0.38.0,
  plugins/storage/entry.go). ``<lib root>/config/storage/<app>/mounts`` refers to entries by name.
"""

import contextlib
import errno
import glob
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment

#: No path is longer than 4,096 characters (PATH_MAX), and no line of options is longer than this.
_MAX_CHARACTERS = 65536
_PHASES = ("build", "deploy", "run")


@dataclass(frozen=True)
class Stored:
    """One line of Docker options, or the path of a storage entry.

    ``what`` describes it without its content. ``app`` is its app, or empty. ``fault`` tells why it cannot be read,
    and is then all there is: it applies to its app, or to all apps. ``hint`` says how to remove or repair it.
    """

    what: str
    app: str = ""
    text: str = ""
    fault: str = ""
    hint: str = ""
    is_storage: bool = False


def read(environment: DokkuEnvironment) -> Iterator[Stored]:
    """Read all stores. Files that vanish meanwhile are skipped."""
    lib_root = environment.lib_root
    in_apps = {f"DOCKER_OPTIONS_{phase.upper()}" for phase in _PHASES}
    yield from _options(environment.root, lambda name: name in in_apps)
    in_config = os.path.join(lib_root, "config", "docker-options")
    yield from _options(in_config, lambda name: name.rpartition(".")[2] in _PHASES)
    yield from _entries(lib_root)


def _options(directory: str, is_wanted: Callable[[str], bool]) -> Iterator[Stored]:
    """Read the lines of all wanted files, of all apps that have a directory in ``directory``."""
    try:
        apps = _names(directory)
    except OSError as error:
        yield Stored("Docker options", fault=_fault(directory, error), hint=_readable(directory))
        return
    for app in apps:
        path = os.path.join(directory, app)
        what, hint = f"a Docker option of {app}", f"see dokku docker-options:report {app}"
        try:
            for name in filter(is_wanted, _names(path)):
                path = os.path.join(directory, app, name)
                for line in _lines(path):
                    yield Stored(what, app, line, hint=hint)
        except OSError as error:
            yield Stored(what, app, fault=_fault(path, error), hint=_readable(path))


def _lines(path: str) -> list[str]:
    """Give all lines but empty ones and comments. Raises OSError when the file or a line cannot be read."""
    try:
        lines = [line.strip() for line in files.read(path).split("\n")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    if any(len(line) > _MAX_CHARACTERS for line in lines):
        raise OSError(errno.EFBIG, f"a line is longer than {_MAX_CHARACTERS:,} characters", path)
    return [line for line in lines if line and not line.startswith("#")]


def _entries(lib_root: str) -> Iterator[Stored]:
    directory = os.path.join(lib_root, "data", "storage-registry", "entries")
    try:
        # As Dokku lists them: it ignores all other files.
        names = [name for name in _names(directory) if name.endswith(".json") and not name.startswith(".")]
    except OSError as error:
        yield Stored("storage entries", fault=_fault(directory, error), hint=_readable(directory))
        return
    for name in names:
        path, entry = os.path.join(directory, name), name.removesuffix(".json")
        what = f"storage entry {entry}"
        hint = f"unmount it from all apps, then remove it: dokku storage:destroy {entry}"
        try:
            yield Stored(
                what, text=str(json.loads(files.read(path)).get("host_path") or ""), hint=hint, is_storage=True
            )
        except FileNotFoundError:
            continue
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            # Dokku cannot mount it either, so that this applies to the apps that want it mounted.
            for app in _apps_that_mount(entry, lib_root) or [""]:
                yield Stored(what, app, fault=_fault(path, error), hint=_readable(path))


def _apps_that_mount(entry: str, lib_root: str) -> list[str]:
    apps = []
    for path in glob.glob(f"{glob.escape(lib_root)}/config/storage/*/mounts"):
        with contextlib.suppress(OSError):
            if f'"{entry}"' in files.read(path):
                apps.append(os.path.basename(os.path.dirname(path)))
    return apps


def _names(directory: str) -> list[str]:
    """List a directory, which may be missing. Raises OSError when it may not be listed."""
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _readable(path: str) -> str:
    return f"let user dokku read it: sudo chown dokku:dokku {path}"


def _fault(path: str, error: Exception) -> str:
    reason = (error.strerror if isinstance(error, OSError) else None) or "invalid content"
    return f"{path} cannot be read ({reason})"
