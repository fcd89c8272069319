"""Whether and when legacy caches of an app go by themselves: properties ``auto-purge`` and ``quiet-time``."""

from dataclasses import dataclass

from dokku_cache.dokku import properties
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import UsageError
from dokku_cache.evidence import durations

AUTO_PURGE = "auto-purge"
QUIET_TIME = "quiet-time"
DEFAULTS = {AUTO_PURGE: "true", QUIET_TIME: "1d"}


@dataclass(frozen=True)
class Setting:
    """A property as it is set, for the app and for all apps; empty where it is not."""

    key: str
    app: str
    everywhere: str

    @property
    def computed(self) -> str:
        """What holds: the app's value before the global one before the default."""
        return self.app or self.everywhere or DEFAULTS[self.key]


def read(environment: DokkuEnvironment, app: str, key: str) -> Setting:
    """Read a property. Raises CacheError."""
    return Setting(
        key,
        app=properties.get(environment, app, key),
        everywhere=properties.get(environment, properties.GLOBAL, key),
    )


def is_auto_purge_on(environment: DokkuEnvironment, app: str) -> bool:
    """Tell whether the automatic policy applies; what is no ``true`` switches it off. Raises CacheError."""
    return read(environment, app, AUTO_PURGE).computed == "true"


def quiet_seconds(environment: DokkuEnvironment, app: str) -> int:
    """Give for how long nobody may have written into a cache that goes by itself.

    What is no duration, as only a hand can have put there, counts as for ever. Raises CacheError.
    """
    try:
        return durations.parse(read(environment, app, QUIET_TIME).computed)
    except ValueError:
        return durations.FOR_EVER


def check(key: str, value: str) -> None:
    """Raise UsageError when a property cannot have this value; an empty one clears it."""
    if key not in DEFAULTS:
        raise UsageError(f"Invalid property specified, valid properties include: {', '.join(DEFAULTS)}")
    if not value:
        return
    if key == AUTO_PURGE and value not in {"true", "false"}:
        raise UsageError(f"{key} is either true or false, not {value!r}")
    if key == QUIET_TIME:
        try:
            durations.parse(value)
        except ValueError as error:
            raise UsageError(f"{key} is a duration such as 0, 36h, 7d or 1d12h, not {value!r}") from error
