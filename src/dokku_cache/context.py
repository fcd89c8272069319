"""What every action is given."""

import os
from collections.abc import Collection
from dataclasses import dataclass, replace

from dokku_cache.dokku import apps
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.engine.endpoint import DockerConfig, config_directory
from dokku_cache.output.console import Console


@dataclass(frozen=True)
class Context:
    """One call of the plugin: where Dokku is, who reads the output, and the engine (asked only when needed)."""

    environment: DokkuEnvironment
    console: Console
    engine: Engine

    @classmethod
    def of_this_call(cls) -> "Context":
        """Read it from the environment. Raises CacheError when this was not called by Dokku."""
        environment = DokkuEnvironment.read(os.environ)
        roots = environment.root, environment.host_root
        directory = config_directory(os.environ.get("DOCKER_CONFIG", ""), environment.system_user)
        config = DockerConfig(os.environ.get("DOCKER_CONTEXT", ""), directory)
        engine = Engine(environment.docker_host, environment.docker_bin, roots, config)
        return cls(environment, Console(is_quiet=environment.is_quiet), engine)

    def with_flags(self, *, quiet: bool) -> "Context":
        """Take in a ``--quiet`` that stands behind the command."""
        if not quiet or self.console.is_quiet:
            return self
        return replace(self, console=self.console.quieted())

    def sees_every_app(self, visible: Collection[str]) -> bool:
        """Tell whether the calling user, who sees ``visible``, sees all apps. Raises Unknown."""
        return frozenset(apps.every()) <= frozenset(visible)

    def visible_apps(self) -> tuple[str, ...]:
        """Give all apps that the calling user may see, ghosts included. Raises Unknown."""
        return apps.visible()
