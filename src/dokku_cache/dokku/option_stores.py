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

from dokku_cache.dokku.environment import DokkuEnvironment

_OPTION_FILE = re.compile(r"DOCKER_OPTIONS(?:_(?:BUILD|DEPLOY|RUN)(?:\.migrated)?)?|PERSISTENT_STORAGE")
_PHASES = (".build", ".deploy", ".run")
_ENTRIES = os.path.join("data", "storage-registry", "entries")


@dataclass(frozen=True)
class Stored:
    """One option or storage entry: ``text`` as it is kept, ``what`` it is, ``owner`` the app, or empty for none.

    ``fault`` says why it could not be read, or is empty. It then concerns its owner, or everybody if there is none.
    """

    owner: str
    what: str
    text: str = ""
    fault: str = ""


def read(environment: DokkuEnvironment) -> Iterator[Stored]:
    """Read all of them. What vanishes meanwhile is passed over."""
    yield from _old_options(environment.root)
    yield from _options(os.path.join(environment.lib_root, "config", "docker-options"))
    yield from _entries(environment.lib_root)


def _old_options(root: str) -> Iterator[Stored]:
    for app in _names(root):
        directory = os.path.join(root, app)
        for name in _names(directory):
            if _OPTION_FILE.fullmatch(name):
                yield from _lines(os.path.join(directory, name), app)


def _options(directory: str) -> Iterator[Stored]:
    for app in _names(directory):
        for name in _names(os.path.join(directory, app)):
            if name.endswith(_PHASES):
                yield from _lines(os.path.join(directory, app, name), app)


def _lines(path: str, app: str) -> Iterator[Stored]:
    what = f"a docker option of {app}"
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            for line in file:
                if line.strip() and not line.lstrip().startswith("#"):
                    yield Stored(app, what, line.strip())
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        yield Stored(app, what, fault=f"{path} cannot be read ({error.strerror})")


def _entries(lib_root: str) -> Iterator[Stored]:
    mounted_by: dict[str, list[str]] | None = None
    for name in _names(os.path.join(lib_root, _ENTRIES)):
        path = os.path.join(lib_root, _ENTRIES, name)
        entry = name.removesuffix(".json")
        what = f"storage entry {entry}"
        try:
            with open(path, encoding="utf-8", errors="surrogateescape") as file:
                yield Stored("", what, str(json.load(file).get("host_path") or ""))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, AttributeError) as error:
            mounted_by = _mounted_by(lib_root) if mounted_by is None else mounted_by
            fault = f"{path} cannot be read ({getattr(error, 'strerror', None) or error})"
            # Dokku itself cannot mount what it cannot read: that concerns those who would have it mounted.
            for app in mounted_by.get(entry, [""]):
                yield Stored(app, what, fault=fault)


def _mounted_by(lib_root: str) -> dict[str, list[str]]:
    """Give the apps that mount each storage entry, as far as that can be read."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    directory = os.path.join(lib_root, "config", "storage")
    for app in _names(directory):
        try:
            with open(os.path.join(directory, app, "mounts"), encoding="utf-8", errors="replace") as file:
                lines = file.readlines()
        except OSError:
            continue
        for line in lines:
            try:
                found[str(json.loads(line)["entry_name"])].append(app)
            except (ValueError, KeyError, TypeError):
                continue
    return found


def _names(directory: str) -> list[str]:
    """List a directory; what is none, or may not be listed, has no names: there Dokku finds nothing either."""
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
