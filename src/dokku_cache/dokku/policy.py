"""The properties of this plugin: what is removed automatically, when, and the limits."""

from collections.abc import Callable
from dataclasses import dataclass

from dokku_cache.dokku import properties, sizes, version
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.sizes import Share
from dokku_cache.errors import UsageError
from dokku_cache.model.version import DokkuVersion
from dokku_cache.rules import durations

AUTO_PURGE = "auto-purge"
MIN_AGE = "min-age"
MAX_SIZE = "max-size"
ENGINE_MAX_SIZE = "engine-max-size"
MIN_FREE = "min-free"
MIN_FREE_ACTION = "min-free-action"
OFF = "off"
REFUSE = "refuse"
#: Where trigger pre-build came (0.32.0, plugins/builder-*/builder-build). Before, each builder had one of its own,
#: which later versions call deprecated at every deploy.
FIRST_REFUSING = DokkuVersion(0, 32, 0)
DEFAULTS = {
    AUTO_PURGE: "true",
    ENGINE_MAX_SIZE: OFF,
    MAX_SIZE: OFF,
    MIN_FREE: "5%",
    MIN_FREE_ACTION: "warn",
    MIN_AGE: "1d",
}
#: How the values of each are written.
VALUES = {
    AUTO_PURGE: "true|false",
    ENGINE_MAX_SIZE: f"<size>|{OFF}",
    MAX_SIZE: f"<size>|{OFF}",
    MIN_FREE: f"<size>|<share>%|{OFF}",
    MIN_FREE_ACTION: f"warn|{REFUSE}",
    MIN_AGE: "<duration>",
}
MEANINGS = {
    AUTO_PURGE: "remove unused caches automatically",
    ENGINE_MAX_SIZE: "limit for Docker's build cache",
    MAX_SIZE: "limit for the cache volumes of an app",
    MIN_FREE: "free space required before a build",
    MIN_FREE_ACTION: "action when less is free",
    MIN_AGE: "minimum age for automatic removal",
}
#: What can be set for one app too; the rest holds for the server.
OF_APPS = (AUTO_PURGE, MAX_SIZE, MIN_AGE)


@dataclass(frozen=True)
class Setting:
    """A property as it is set, for the app and for all apps; empty where it is not."""

    key: str
    app: str
    everywhere: str

    @property
    def computed(self) -> str:
        """What holds: the app's value before the global one before the default.

        A value of ``auto-purge`` that is neither true nor false switches it off.
        """
        value = self.app or self.everywhere or DEFAULTS[self.key]
        return "false" if self.key == AUTO_PURGE and value != "true" else value


def read(environment: DokkuEnvironment, app: str, key: str) -> Setting:
    """Read a property. Raises CacheError."""
    return Setting(
        key,
        app=properties.get(environment, app, key),
        everywhere=properties.get(environment, properties.GLOBAL, key),
    )


def is_auto_purge_on(environment: DokkuEnvironment, app: str) -> bool:
    """Tell whether the automatic policy applies. Raises CacheError."""
    return read(environment, app, AUTO_PURGE).computed == "true"


def min_age_seconds(environment: DokkuEnvironment, app: str) -> int:
    """Give for how long nobody may have written into a cache that goes by itself.

    What is no duration, as only a hand can have put there, counts as for ever. Raises CacheError.
    """
    try:
        return durations.parse(read(environment, app, MIN_AGE).computed)
    except ValueError:
        return durations.FOR_EVER


def most_bytes(environment: DokkuEnvironment, app: str, key: str = MAX_SIZE) -> int | None:
    """Give how much an app's cache volumes, or the engine's build cache, may hold; None where there is no bound.

    What is no size, as only a hand can have put there, bounds nothing. Raises CacheError.
    """
    try:
        return sizes.parse(read(environment, app, key).computed)
    except ValueError:
        return None


def least_free(environment: DokkuEnvironment) -> int | Share | None:
    """Give how much a disk has to have free before a build, None where that does not matter. Raises CacheError."""
    try:
        return sizes.parse_least(read(environment, properties.GLOBAL, MIN_FREE).computed)
    except ValueError:
        return None


def refuses_deploys(environment: DokkuEnvironment) -> bool:
    """Tell whether a deploy is refused where less is free. Raises CacheError."""
    is_wanted = read(environment, properties.GLOBAL, MIN_FREE_ACTION).computed == REFUSE
    return is_wanted and can_refuse(environment)


def can_refuse(environment: DokkuEnvironment) -> bool:
    """Tell whether this Dokku has the trigger by which a build is refused, as far as its version is known."""
    installed = version.read(environment.lib_root)
    return installed is None or installed >= FIRST_REFUSING


def check(key: str, value: str, *, is_global: bool) -> None:
    """Raise UsageError when a property cannot have this value, or not for an app; an empty one clears it."""
    if key not in DEFAULTS:
        raise UsageError(f"Invalid property specified, valid properties include: {', '.join(DEFAULTS)}")
    if not is_global and key not in OF_APPS:
        raise UsageError(f"{key} can only be set with --global")
    if value:
        _CHECKS[key](key, value)


def _check_words(*words: str) -> Callable[[str, str], None]:
    def check_word(key: str, value: str) -> None:
        if value not in words:
            raise UsageError(f"{key} must be {' or '.join(words)}, not {value!r}")

    return check_word


def _or_off(parse: Callable[[str], object]) -> Callable[[str], object]:
    return lambda value: value == OFF or parse(value)


def _check_amount(parse: Callable[[str], object], what: str) -> Callable[[str, str], None]:
    def check_amount(key: str, value: str) -> None:
        try:
            parse(value)
        except ValueError as error:
            raise UsageError(f"{key} must be {what}, not {value!r}") from error

    return check_amount


_A_SIZE = f"a size such as {sizes.EXAMPLES}, or {OFF}"
_CHECKS: dict[str, Callable[[str, str], None]] = {
    AUTO_PURGE: _check_words("true", "false"),
    ENGINE_MAX_SIZE: _check_amount(_or_off(sizes.parse), _A_SIZE),
    MAX_SIZE: _check_amount(_or_off(sizes.parse), _A_SIZE),
    MIN_FREE: _check_amount(
        _or_off(sizes.parse_least), f"a size such as {sizes.EXAMPLES}, a percentage such as 5%, or {OFF}"
    ),
    MIN_FREE_ACTION: _check_words("warn", REFUSE),
    MIN_AGE: _check_amount(durations.parse, "a duration such as 0, 36h, 7d or 1d12h"),
}
