"""Whether legacy caches of an app go by themselves: property ``auto-purge``, and Dokku's skip-cleanup."""

from dataclasses import dataclass

from dokku_cache.dokku import properties
from dokku_cache.dokku.environment import DokkuEnvironment

KEY = "auto-purge"
DEFAULT = "true"


@dataclass(frozen=True)
class AutoPurge:
    """The property as it is set, for the app and for all apps: ``true``, ``false``, or empty when not set."""

    app: str
    everywhere: str

    @property
    def computed(self) -> str:
        """What holds: the app's value before the global one before the default."""
        return self.app or self.everywhere or DEFAULT

    @property
    def is_on(self) -> bool:
        """Tell whether the automatic policy applies. What is neither true nor false switches it off."""
        return self.computed == "true"


def auto_purge(environment: DokkuEnvironment, app: str) -> AutoPurge:
    """Read the property. Raises CacheError."""
    return AutoPurge(
        app=properties.get(environment, app, KEY),
        everywhere=properties.get(environment, properties.GLOBAL, KEY),
    )
