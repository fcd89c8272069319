"""Docker options and storage entries that refer to a cache or to a volume.

Dokku keeps them on disk, where they can be read for all apps at once:

- ``<root>/<app>/DOCKER_OPTIONS_<PHASE>``: one or several options per line (before 0.38, plugins/docker-options);
- ``<lib root>/config/docker-options/<app>/<process type>.<phase>`` (from 0.38.0, plugins/docker-options);
- ``<lib root>/data/storage-registry/entries/<name>.json`` with a ``host_path`` (from 0.38.0, plugins/storage);
  ``<lib root>/config/storage/<app>/mounts`` refers to entries by name.

Other plugins may add options, which only Dokku's triggers print. No text from here contains a whole option: options
hold passwords and tokens.
"""

import errno
import glob
import json
import os
import re
import shlex
from collections.abc import Callable, Collection, Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache

from dokku_cache.dokku import files, plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import Unknown
from dokku_cache.model.location import OTHER_UNREADABLE, OTHER_USES, Reference, is_visible
from dokku_cache.model.state import ReasonCode
from dokku_cache.survey.locations import Part, Query

#: Each prints the options of one kind of container of an app, its storage included.
TRIGGERS = (
    ("docker-args-build", "herokuish"),
    ("docker-args-deploy", "latest"),
    ("docker-args-run", "latest"),
)
_PHASES = ("build", "deploy", "run")
#: No path is longer than 4,096 characters (PATH_MAX), and no line of options is longer than this.
_MAX_CHARACTERS = 65536
#: What separates a path from the rest of an option: ``-v /a:/b``, ``--mount type=bind,source=/a``, pack's
#: ``--cache 'type=build;source=/a'``.
_SEPARATORS = re.compile("[=:,;]")
#: Short flags may be written in one word with their value: ``-v/a:/b``.
_SHORT_FLAG = re.compile(r"^-[a-zA-Z]+(?=/)")
_MOUNT_FLAG = re.compile(r"-[a-zA-Z]*v|--volume|--mount|--cache")
_MOUNT_WORD = re.compile(r"(?:-[a-zA-Z]*?v=?|--volume=|--mount=|--cache=)(?P<value>.+)", re.DOTALL)
_MOUNT_SOURCE = re.compile(r"(?:source|src|device)=([^,;]*)")
#: What a shell replaces; Dokku passes options through one before 0.38.25 (plugins/common/functions).
_SHELL = re.compile(r"[$`]|^~")
#: What cannot be in the name of a volume (moby, daemon/names).
_NOT_IN_VOLUMES = re.compile("[^a-zA-Z0-9_.-]+")
_SHORT_VOLUME_FLAG = re.compile("-[a-zA-Z]*?v")
#: At the top of every ext4 disk, for fsck. Only root can read it, so Dokku keeps no options there.
_OF_FILE_SYSTEM = "lost+found"


@dataclass(frozen=True)
class Stored:
    """One line of Docker options; a storage entry counts as the option that mounts it.

    ``what`` describes it without its content. ``app`` is its app, or empty. ``fault``: why it cannot be read; then
    there is no text, and the fault applies to its app, or to all apps. ``hint`` says how to remove or repair it.
    """

    what: str
    app: str = ""
    text: str = ""
    fault: str = ""
    hint: str = ""
    code: ReasonCode = ReasonCode.IN_DOCKER_OPTIONS


def add_stored(query: Query) -> None:
    """Add the Docker options and storage entries on disk, of all apps."""
    for stored in read_stores(query.environment):
        if stored.fault:
            text = f"{stored.what}: {stored.fault}"
            query.unknown(Reference(stored.code, text, stored.hint, stored.app), stored.app)
        else:
            _add(query, stored)


def add_printed(query: Query) -> None:
    """Add the options that Dokku's triggers print, which include those of other plugins."""
    apps = [location.app for location in query.locations.by_app.values() if location.identity]
    if not apps or not query.asks_triggers:
        return
    with ThreadPoolExecutor(max(len(TRIGGERS), os.cpu_count() or 1)) as pool:
        asked = {
            app: [pool.submit(plugn.trigger, trigger, app, argument) for trigger, argument in TRIGGERS]
            for app in apps
        }
    for app, answers in asked.items():
        try:
            for answer in answers:
                hint = f"see dokku docker-options:report {app}"
                _add(query, Stored(f"a Docker option of {app}", app, answer.result(), hint=hint))
        except Unknown as error:
            text = f"its Docker options cannot be read ({error})"
            query.unknown(Reference(ReasonCode.DOCKER_OPTIONS_UNREADABLE, text, error.hint, app), app)


def _add(query: Query, stored: Stored) -> None:
    """Add a use for each path in options, and what cannot be resolved."""
    locations = query.locations
    text = _expanded(stored.text, stored.app, query.environment)
    sources = list(_mount_sources(text))
    pieces = [piece for word in _words(text) for piece in _pieces(word)]
    targets = {path: locations.at_path(path) for path in (*sources, *pieces)}
    if not any(targets.values()):  # in quotes that hide where the path begins
        for target in locations.in_text(text):
            cache = locations.by_app[target.app].path
            path = cache if target.part is Part.CACHE else os.path.dirname(cache)
            targets[path] = frozenset({target})
    for path, meant in targets.items():
        query.use(meant, Reference(stored.code, f"{stored.what} refers to {path}", stored.hint, stored.app))
    for source in sources:
        if _SHELL.search(source):
            query.unknown(_unresolved(stored))
        else:
            query.hide(source, Reference(stored.code, f"{stored.what} mounts a path", stored.hint, stored.app))


def _unresolved(stored: Stored) -> Reference:
    text = f"{stored.what} mounts a path with a variable, which cannot be resolved"
    return Reference(ReasonCode.PATH_WITH_VARIABLE, text, "write the path without a variable", stored.app)


def _expanded(text: str, app: str, environment: DokkuEnvironment) -> str:
    for name, value in (("DOKKU_ROOT", environment.root), ("HOME", environment.root), ("APP", app)):
        text = re.sub(rf"\$(?:{name}\b|\{{{name}\}})", value.replace("\\", r"\\"), text)
    return text


def _pieces(word: str) -> list[str]:
    return [piece for piece in _SEPARATORS.split(_SHORT_FLAG.sub("", word)) if piece.startswith("/")]


@lru_cache(maxsize=1024)  # most apps have the same options
def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return tuple(text.split())


def _mount_sources(text: str) -> Iterator[str]:
    """Yield the source of each mount in options, and each word that only a shell could resolve."""
    words = _words(text)
    for flag, word in zip(["", *words], words, strict=False):
        in_one = _MOUNT_WORD.fullmatch(word)
        if word.startswith(("$", "`")):
            yield word
        elif _MOUNT_FLAG.fullmatch(flag) or in_one:
            value = word if not in_one else in_one["value"]
            yield from _MOUNT_SOURCE.findall(value) or [value.partition(":")[0]]


@dataclass
class VolumeReferences:
    """The sources that refer to a volume, in sentences by the volume's name, and those that cannot be read."""

    by_name: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


def references_to_volumes(
    environment: DokkuEnvironment, names: Collection[str], visible: Container[str] | None = None
) -> VolumeReferences:
    """Look for names of volumes in the stored options and storage entries of all apps.

    No container may mount such a volume now. The sentences say nothing about apps that are not ``visible``.
    """
    found = VolumeReferences()
    for stored in read_stores(environment):
        is_hidden = not is_visible(stored.app, visible)
        if stored.fault:
            found.unknown += (OTHER_UNREADABLE if is_hidden else f"{stored.what}: {stored.fault}",)
            continue
        text = _expanded(stored.text, stored.app, environment)
        for name in sorted(_volume_names(text) & set(names)):
            sentence = OTHER_USES if is_hidden else f"{stored.what} refers to it"
            found.by_name[name] = (*found.by_name.get(name, ()), sentence)
        if any(_SHELL.search(source) for source in _mount_sources(text)):
            found.unknown += (OTHER_UNREADABLE if is_hidden else _unresolved(stored).text,)
    return found


def _volume_names(text: str) -> frozenset[str]:
    words: Sequence[str] = _NOT_IN_VOLUMES.split(text)
    return frozenset({*words, *(_SHORT_VOLUME_FLAG.sub("", word, count=1) for word in words if word[:1] == "-")})


def read_stores(environment: DokkuEnvironment) -> Iterator[Stored]:
    """Read all options and storage entries on disk. Files that vanish meanwhile are skipped."""
    in_apps = {f"DOCKER_OPTIONS_{phase.upper()}" for phase in _PHASES}
    yield from _stored_options(environment.root, lambda name: name in in_apps)
    in_config = os.path.join(environment.lib_root, "config", "docker-options")
    yield from _stored_options(in_config, lambda name: name.rpartition(".")[2] in _PHASES)
    yield from _storage_entries(environment.lib_root)


def _stored_options(directory: str, is_wanted: Callable[[str], bool]) -> Iterator[Stored]:
    """Read the lines of all wanted files, of all apps that have a directory in ``directory``."""
    try:
        apps = files.names_in(directory)
    except OSError as error:
        yield _faulty("Docker options", "", directory, error)
        return
    for app in apps:
        path = os.path.join(directory, app)
        what, hint = f"a Docker option of {app}", f"see dokku docker-options:report {app}"
        try:
            for name in filter(is_wanted, files.names_in(path)):
                path = os.path.join(directory, app, name)
                for line in _lines(path):
                    yield Stored(what, app, line, hint=hint)
        except OSError as error:
            if app != _OF_FILE_SYSTEM:
                yield _faulty(what, app, path, error)


def _lines(path: str) -> list[str]:
    """Return all lines but empty ones and comments. Raises OSError, also for a line that is too long."""
    lines = [line.strip() for line in files.read_if_present(path).split("\n")]
    if any(len(line) > _MAX_CHARACTERS for line in lines):
        raise OSError(errno.EFBIG, f"a line is longer than {_MAX_CHARACTERS:,} characters", path)
    return [line for line in lines if line and not line.startswith("#")]


def _storage_entries(lib_root: str) -> Iterator[Stored]:
    directory = os.path.join(lib_root, "data", "storage-registry", "entries")
    try:
        # As Dokku lists them: it ignores all other files.
        names = [name for name in files.names_in(directory) if name.endswith(".json") and not name.startswith(".")]
    except OSError as error:
        yield _faulty("storage entries", "", directory, error)
        return
    for name in names:
        path, entry = os.path.join(directory, name), name.removesuffix(".json")
        what = f"storage entry {entry}"
        hint = f"unmount it from all apps, then remove it: dokku storage:destroy {entry}"
        try:
            host_path = str(json.loads(files.read(path)).get("host_path") or "")
            option = f"--volume={shlex.quote(host_path)}"
            yield Stored(what, text=option, hint=hint, code=ReasonCode.IN_STORAGE_ENTRY)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, AttributeError, RecursionError) as error:
            # Dokku cannot mount it either, so that this applies to the apps that want it mounted.
            for app in _apps_that_mount(entry, lib_root) or [""]:
                yield _faulty(what, app, path, error)


def _apps_that_mount(entry: str, lib_root: str) -> list[str]:
    """Return the apps that mount a storage entry, or may, because their mounts cannot be read."""
    apps: list[str] = []
    for path in glob.glob(f"{glob.escape(lib_root)}/config/storage/*/mounts"):
        app = os.path.basename(os.path.dirname(path))
        try:
            apps += [app] if f'"{entry}"' in files.read_if_present(path) else []
        except OSError:
            apps.append(app)
    return apps


def _faulty(what: str, app: str, path: str, error: Exception) -> Stored:
    reason = (error.strerror if isinstance(error, OSError) else None) or "invalid content"
    hint = f"check {path}, and repair or remove it"
    if isinstance(error, PermissionError):
        hint = f"let the dokku user read it: sudo chown dokku:dokku {path}"
    code = ReasonCode.DOCKER_OPTIONS_UNREADABLE
    return Stored(what, app, fault=f"{path} cannot be read ({reason})", hint=hint, code=code)
