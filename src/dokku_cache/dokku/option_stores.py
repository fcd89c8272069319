"""Docker options and storage as Dokku keeps them on disk, of every app and of none.

Dokku's triggers tell the options of one app and one kind of container at a time. What is kept here tells all at once,
also what is registered and mounted nowhere, or belongs to a process type or to an app that is gone:

- ``<root>/<app>/DOCKER_OPTIONS_<PHASE>``, one or several options a line (before 0.38,
  plugins/docker-options/functions; with ``.migrated`` behind it 0.38.0 to 0.38.5), and two files of plugins that
  there were before;
- ``<lib root>/config/docker-options/<app>/<process type>.<phase>`` (from 0.38.0,
  plugins/docker-options/functions.go);
- ``<lib root>/data/storage-registry/entries/<name>.json`` with a ``host_path`` (from 0.38.0,
  plugins/storage/entry.go), which ``<lib root>/config/storage/<app>/mounts`` refers to by name
  (plugins/storage/attachment.go).
"""

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment

_OPTION_FILE = re.compile(r"DOCKER_OPTIONS(?:_(?:BUILD|DEPLOY|RUN)(?:\.migrated)?)?|PERSISTENT_STORAGE")
_PHASES = (".build", ".deploy", ".run")
#: No path is longer (PATH_MAX is 4,096), nor does anybody write such a line by hand: it is not understood.
MOST_CHARACTERS = 65536
_ENTRIES = os.path.join("data", "storage-registry", "entries")


@dataclass(frozen=True)
class Stored:
    """One option, or an entry of storage where ``is_storage``.

    ``text`` is as it is kept, ``what`` says what it is, ``owner`` is the app, or empty for none.

    ``fault`` says why it could not be read, or is empty. It then concerns its owner, or everybody if there is none.
    """

    owner: str
    what: str
    text: str = ""
    fault: str = ""
    is_storage: bool = False


def read(environment: DokkuEnvironment) -> Iterator[Stored]:
    """Read all of them. What vanishes meanwhile is passed over; what cannot be read is told as a fault."""
    yield from _old_options(environment.root)
    yield from _options(os.path.join(environment.lib_root, "config", "docker-options"))
    yield from _entries(environment.lib_root)


def _old_options(root: str) -> Iterator[Stored]:
    try:
        apps = _names(root)
    except OSError as error:
        yield Stored("", "a docker option", fault=_fault(root, error))
        return
    for app in apps:
        directory = os.path.join(root, app)
        try:
            names = [name for name in _names(directory) if _OPTION_FILE.fullmatch(name)]
        except OSError as error:
            yield Stored(app, f"a docker option of {app}", fault=_fault(directory, error))
            continue
        for name in names:
            yield from _lines(os.path.join(directory, name), app)


def _options(directory: str) -> Iterator[Stored]:
    what = "a docker option"
    try:
        apps = _names(directory)
    except OSError as error:
        yield Stored("", what, fault=_fault(directory, error))
        return
    for app in apps:
        try:
            names = [name for name in _names(os.path.join(directory, app)) if name.endswith(_PHASES)]
        except OSError as error:
            yield Stored(app, f"{what} of {app}", fault=_fault(os.path.join(directory, app), error))
            continue
        for name in names:
            yield from _lines(os.path.join(directory, app, name), app)


def _lines(path: str, app: str) -> Iterator[Stored]:
    what = f"a docker option of {app}"
    try:
        content = files.read(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield Stored(app, what, fault=_fault(path, error))
        return
    for line in content.split("\n"):
        if len(line) > MOST_CHARACTERS:
            yield Stored(app, what, fault=f"{path} has a line of {len(line):,} characters")
        elif line.strip() and not line.lstrip().startswith("#"):
            yield Stored(app, what, line.strip())


def _entries(lib_root: str) -> Iterator[Stored]:
    directory = os.path.join(lib_root, _ENTRIES)
    try:
        # As Dokku lists them: what else lies there is no entry.
        names = [name for name in _names(directory) if name.endswith(".json") and not name.startswith(".")]
    except OSError as error:
        yield Stored("", "a storage entry", fault=_fault(directory, error))
        return
    mounted_by: dict[str, list[str]] | None = None
    for name in names:
        path, entry = os.path.join(directory, name), name.removesuffix(".json")
        what = f"storage entry {entry}"
        try:
            yield Stored("", what, _host_path(path), is_storage=True)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError) as error:
            mounted_by = _mounted_by(lib_root) if mounted_by is None else mounted_by
            # Dokku itself cannot mount what it cannot read: that concerns those who would have it mounted.
            for app in mounted_by.get(entry, [""]):
                yield Stored(app, what, fault=_fault(path, error))


def _host_path(path: str) -> str:
    """Give what an entry mounts, an empty text where it names nothing. Raises OSError, ValueError, RecursionError."""
    entry = json.loads(files.read(path))
    if not isinstance(entry, dict):
        raise ValueError("it is no entry of storage")  # noqa: TRY004 - what is in a file is a value
    host_path = str(entry.get("host_path") or "")
    if len(host_path) > MOST_CHARACTERS:
        raise ValueError(f"its path has {len(host_path):,} characters")
    return host_path


def _mounted_by(lib_root: str) -> dict[str, list[str]]:
    """Give the apps that mount each storage entry, as far as that can be read."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    directory = os.path.join(lib_root, "config", "storage")
    try:
        apps = _names(directory)
    except OSError:
        return found
    for app in apps:
        try:
            lines = files.read(os.path.join(directory, app, "mounts")).split("\n")
        except OSError:
            continue
        for line in lines:
            try:
                found[str(json.loads(line)["entry_name"])].append(app)
            except (ValueError, KeyError, TypeError, RecursionError):
                continue
    return found


def _fault(path: str, error: Exception) -> str:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return f"{path} cannot be read ({reason})"


def _names(directory: str) -> list[str]:
    """List a directory; one that is not there, or is none, has no names. Raises OSError when it may not be listed."""
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
