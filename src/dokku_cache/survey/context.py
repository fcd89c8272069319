"""The context of one call: Dokku's environment, the console, and Docker."""

import os
from dataclasses import dataclass

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.engine.endpoint import DockerConfig, config_directory
from dokku_cache.output.console import Console


@dataclass(frozen=True)
class Context:
    """One call of the plugin: where Dokku is, the console, and the engine (used only when needed)."""

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
