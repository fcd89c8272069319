"""The plugin's properties, in Dokku's store: one file per value (0.38.27, plugins/common/properties.go)."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import CacheError, UsageError
from dokku_cache.output.text import FOR_EVER, parse_duration

PLUGIN = "cache"
#: In place of an app's name, for values that apply to all apps.
GLOBAL = "--global"
#: In place of a damaged value. Dokku's own tool removes the file of an unset property, and writes no empty one.
INVALID = "invalid"
AUTO_PURGE = "auto-purge"
MIN_AGE = "min-age"
MAX_SIZE = "max-size"
ENGINE_MAX_SIZE = "engine-max-size"
MIN_FREE = "min-free"
MIN_FREE_ACTION = "min-free-action"
OFF = "off"
REFUSE = "refuse"
_TIMEOUT_SECONDS = 30
_SET_HINT = "nothing was set; check that the disk has space ('df -h'), then try again"

#: As in truncate(1): K, M, ... and KiB, MiB, ... are powers of 1024, KB, MB, ... powers of 1000.
_POWERS = {letter: power for power, letter in enumerate("KMGTP", start=1)}
_NUMBER = r"(?P<whole>[0-9]{1,9})(?:\.(?P<rest>[0-9]{1,3}))? ?"
_SIZE = re.compile(rf"{_NUMBER}(?:(?P<letter>[KMGTP])(?P<kind>|B|IB)|B)", re.IGNORECASE)
_SHARE = re.compile(rf"{_NUMBER}%")
#: The largest signed number of bytes.
_MAX_BYTES = 1 << 63


@dataclass(frozen=True)
class Share:
    """A share of a disk, in thousandths of a percent."""

    thousandths: int

    def of(self, whole: int) -> int:
        """Return that share of a number."""
        return whole * self.thousandths // 100_000


def parse_size(text: str) -> int:
    """Return the bytes of a size such as ``5G``, ``5GiB`` or ``500 MB``. Raises ValueError, also for 0."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"not a size: {text!r}")
    letter, kind = (found["letter"] or "").upper(), (found["kind"] or "").upper()
    unit = (1000 if kind == "B" else 1024) ** _POWERS[letter] if letter else 1
    size_bytes = _thousandths(found) * unit // 1000
    if not 0 < size_bytes < _MAX_BYTES:
        raise ValueError(f"not a size: {text!r}")
    return size_bytes


def parse_min_free(text: str) -> int | Share:
    """Return a size in bytes, or a share below 100%. Raises ValueError, also for 0."""
    found = _SHARE.fullmatch(text.strip())
    if not found:
        return parse_size(text)
    if not 0 < _thousandths(found) < 100_000:  # noqa: PLR2004 - 100%
        raise ValueError(f"not a share: {text!r}")
    return Share(_thousandths(found))


def _thousandths(found: re.Match[str]) -> int:
    return int(found["whole"]) * 1000 + int((found["rest"] or "").ljust(3, "0"))


@dataclass(frozen=True)
class Property:
    """A property: how its values are written in the help and in errors, and ``parse``, which raises ValueError."""

    default: str
    values: str
    accepted: str
    meaning: str
    parse: Callable[[str], Any]
    is_of_apps: bool = False


def _or_off(parse: Callable[[str], object]) -> Callable[[str], object]:
    return lambda value: None if value == OFF else parse(value)


_SIZES = "a size such as 5GiB or 500MB"
_SIZE_OR_OFF = (OFF, f"<size>|{OFF}", f"{_SIZES}, or {OFF}")
_PURGES = "remove unused caches automatically"
PROPERTIES = {
    AUTO_PURGE: Property("true", "true|false", "true or false", _PURGES, ("true", "false").index, is_of_apps=True),
    MIN_AGE: Property(
        "1d",
        "<duration>",
        "a duration such as 0, 36h, 7d or 1d12h",
        "minimum age for automatic removal",
        parse_duration,
        is_of_apps=True,
    ),
    MAX_SIZE: Property(*_SIZE_OR_OFF, "limit for the cache volumes of an app", _or_off(parse_size), is_of_apps=True),
    ENGINE_MAX_SIZE: Property(*_SIZE_OR_OFF, "limit for Docker's build cache", _or_off(parse_size)),
    MIN_FREE: Property(
        "5%",
        f"<size>|<percent>%|{OFF}",
        f"{_SIZES}, a percentage such as 5%, or {OFF}",
        "free space required before a build",
        _or_off(parse_min_free),
    ),
    MIN_FREE_ACTION: Property(
        "warn", f"warn|{REFUSE}", f"warn or {REFUSE}", "what to do below min-free", ("warn", REFUSE).index
    ),
}
#: Can be set for one app too; the rest applies to the server.
OF_APPS = tuple(key for key, described in PROPERTIES.items() if described.is_of_apps)


@dataclass(frozen=True)
class Setting:
    """A property as it is set for the app and for all apps; empty where it is not set."""

    key: str
    app: str
    everywhere: str

    @property
    def computed(self) -> str:
        """Return the effective value. A value of ``auto-purge`` that is neither true nor false switches it off."""
        value = self.app or self.everywhere or PROPERTIES[self.key].default
        return "false" if self.key == AUTO_PURGE and value != "true" else value


def get(environment: DokkuEnvironment, app: str, key: str, plugin: str = PLUGIN) -> str:
    """Return a value, empty where none is set. Raises CacheError when it exists and cannot be read.

    A file of this plugin that is empty or not text, as after a full disk or a power cut, has the value INVALID.
    Files are read directly: a report on hundreds of apps cannot start Dokku's tool for each.
    """
    path = os.path.join(environment.lib_root, "config", plugin, app, key)
    try:
        value = files.read(path).strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise CacheError(
            f"The property {path} cannot be read ({error.strerror})",
            "nothing is removed automatically until the dokku user can read it; check 'ls -l'",
        ) from error
    is_valid = plugin != PLUGIN or (value and value.isprintable())
    return value if is_valid else INVALID


def set_value(environment: DokkuEnvironment, app: str, key: str, value: str) -> None:
    """Set a value through Dokku's own tool, or delete it when ``value`` is empty. Raises CacheError."""
    import subprocess

    tool = os.path.join(environment.core_plugins, "common", "prop")
    arguments = ["set", PLUGIN, app, key, value] if value else ["del", PLUGIN, app, key]
    try:
        done = subprocess.run(
            [tool, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CacheError(f"Dokku's property tool could not be run: {error}", _SET_HINT) from error
    if done.returncode != 0:
        message = done.stderr.decode(errors="backslashreplace").strip()
        raise CacheError(f"Dokku's property tool failed: {message}", _SET_HINT)


def read(environment: DokkuEnvironment, app: str, key: str) -> Setting:
    """Read a property. Raises CacheError."""
    return Setting(key, app=get(environment, app, key), everywhere=get(environment, GLOBAL, key))


def is_auto_purge_on(environment: DokkuEnvironment, app: str) -> bool:
    """Return whether the automatic policy applies. Raises CacheError."""
    return read(environment, app, AUTO_PURGE).computed == "true"


def _parsed(environment: DokkuEnvironment, app: str, key: str, invalid: int | None = None) -> Any:
    try:
        return PROPERTIES[key].parse(read(environment, app, key).computed)
    except ValueError:
        return invalid


def min_age_seconds(environment: DokkuEnvironment, app: str) -> int:
    """Return the minimum age for automatic removal. An invalid value is FOR_EVER. Raises CacheError."""
    return int(_parsed(environment, app, MIN_AGE, FOR_EVER))


def max_bytes(environment: DokkuEnvironment, app: str, key: str = MAX_SIZE) -> int | None:
    """Return the limit for an app's cache volumes, or for Docker's build cache.

    None for no limit and for an invalid value. Raises CacheError.
    """
    size_bytes: int | None = _parsed(environment, app, key)
    return size_bytes


def min_free(environment: DokkuEnvironment) -> int | Share | None:
    """Return the free space required before a build, None for off and for an invalid value. Raises CacheError."""
    least: int | Share | None = _parsed(environment, GLOBAL, MIN_FREE)
    return least


def refuses_deploys(environment: DokkuEnvironment) -> bool:
    """Return whether a deploy is refused when disk space is low. Raises CacheError."""
    return read(environment, GLOBAL, MIN_FREE_ACTION).computed == REFUSE and can_refuse(environment)


def can_refuse(environment: DokkuEnvironment) -> bool:
    """Return whether this Dokku has trigger pre-build (0.32.0, plugins/builder-*), as far as its version is known."""
    installed = files.dokku_version(environment.lib_root)
    return installed is None or (installed.major, installed.minor) >= (0, 32)


def check(key: str, value: str, *, is_global: bool) -> None:
    """Raise UsageError when a property cannot have this value, or cannot be set for an app. Empty: unset it."""
    if key not in PROPERTIES:
        raise UsageError(f"Invalid property specified, valid properties include: {', '.join(PROPERTIES)}")
    if not is_global and key not in OF_APPS:
        raise UsageError(f"{key} can only be set with --global")
    try:
        if value:
            PROPERTIES[key].parse(value)
    except ValueError as error:
        raise UsageError(f"{key} must be {PROPERTIES[key].accepted}, not {value!r}") from error
