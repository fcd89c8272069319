"""Which engine Dokku uses: by DOCKER_HOST, DOCKER_CONTEXT, or the current context of user dokku.

The same order as in Docker's own client (docker/cli, cli/command/cli.go, resolveContextName).
"""

import contextlib
import hashlib
import json
import os
import pwd
from dataclasses import dataclass

from dokku_cache.errors import Unknown

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_DEFAULT_CONTEXT = "default"


@dataclass(frozen=True)
class DockerConfig:
    """The context that DOCKER_CONTEXT names, or an empty text, and the directory of the client's configuration."""

    context: str = ""
    directory: str = ""


def config_directory(given: str, system_user: str) -> str:
    """Give the directory of the client's configuration of a user; ``given`` is DOCKER_CONFIG, or empty."""
    try:
        return given or os.path.join(pwd.getpwnam(system_user).pw_dir, ".docker")
    except KeyError:
        return ""


def resolve(docker_host: str, config: DockerConfig) -> str:
    """Give the URL of the engine. Raises Unknown when a context cannot be read or is not a Unix socket."""
    if docker_host or not (config.context or config.directory):
        return docker_host or DEFAULT_SOCKET
    context = config.context
    if not context:
        # Docker's client ignores a configuration that it cannot read (docker/cli, LoadDefaultConfigFile).
        with contextlib.suppress(Unknown):
            context = _read(os.path.join(config.directory, "config.json"), ("currentContext",))
    if context in {"", _DEFAULT_CONTEXT}:
        return DEFAULT_SOCKET
    name = hashlib.sha256(context.encode()).hexdigest()
    meta = os.path.join(config.directory, "contexts", "meta", name, "meta.json")
    host = _read(meta, ("Endpoints", "docker", "Host"))
    if not host.startswith("unix://"):
        raise Unknown(
            f"Docker's context {context} is {host or f'not in {meta}'}, but only the socket of an engine on this "
            "machine is supported",
            "unset DOCKER_CONTEXT, or run 'docker context use default' as user dokku",
        )
    return host


def _read(path: str, keys: tuple[str, ...]) -> str:
    """Give a value of a JSON file, or an empty text where there is none. Raises Unknown."""
    try:
        with open(path, encoding="utf-8") as file:
            value = json.load(file)
        for key in keys:
            value = value.get(key) or {}
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError, AttributeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "invalid content"
        raise Unknown(f"{path} cannot be read ({reason})", "fix the file or its permissions") from error
    return value if isinstance(value, str) else ""
