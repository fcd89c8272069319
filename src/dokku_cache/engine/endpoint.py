"""Which engine Dokku uses, and how to reach it where its socket is closed to the dokku user."""

import contextlib
import glob
import hashlib
import json
import os
import pwd
import shlex
import socket
import subprocess
from dataclasses import dataclass
from typing import Any

from dokku_cache import modules
from dokku_cache.model.errors import Unknown

DEFAULT_SOCKET = "unix:///var/run/docker.sock"
_DIAL_STDIO = ("system", "dial-stdio")
_MAX_STDERR_BYTES = 2000


@dataclass(frozen=True)
class DockerConfig:
    """The context in DOCKER_CONTEXT, if any, and the directory of the configuration of Docker's client."""

    context: str = ""
    directory: str = ""


def config_directory(given: str, system_user: str) -> str:
    """Return the directory of a user's client configuration; ``given`` is DOCKER_CONFIG, or empty."""
    try:
        return given or os.path.join(pwd.getpwnam(system_user).pw_dir, ".docker")
    except KeyError:
        return ""


def resolve(docker_host: str, config: DockerConfig, dokku_root: str = "/home/dokku") -> str:
    """Return the URL of the engine: by DOCKER_HOST, DOCKER_CONTEXT, or the current context of the dokku user.

    The same order as in Docker's own client (docker/cli, cli/command/cli.go, resolveContextName). Raises Unknown when
    a context cannot be read, or is no Unix socket: bind mounts and paths are those of the engine's machine.
    """
    if docker_host.startswith("unix://"):
        return docker_host
    if docker_host:
        raise Unknown(
            f"DOCKER_HOST is {docker_host}, but only a socket on this machine is supported",
            f"remove DOCKER_HOST from {_where_set('DOCKER_HOST', dokku_root)}, or set it to {DEFAULT_SOCKET} there",
        )
    context = config.context
    if not context and config.directory:
        # Docker's client ignores a configuration that it cannot read (docker/cli, LoadDefaultConfigFile).
        with contextlib.suppress(Unknown):
            context = _read(os.path.join(config.directory, "config.json"), "currentContext")
    if context in {"", "default"}:
        return DEFAULT_SOCKET
    name = hashlib.sha256(context.encode()).hexdigest()
    meta = os.path.join(config.directory, "contexts", "meta", name, "meta.json")
    host = _read(meta, "Endpoints", "docker", "Host")
    if not host.startswith("unix://"):
        raise Unknown(
            f"Docker's context {context} is {host or f'not in {meta}'}, but only the socket of an engine on this "
            "machine is supported",
            "unset DOCKER_CONTEXT, or run 'docker context use default' as the dokku user",
        )
    return host


def _read(path: str, *keys: str) -> str:
    """Return a value in a JSON file, or an empty string where there is none. Raises Unknown."""
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


def _where_set(variable: str, root: str) -> str:
    """Return the file from which Dokku has a variable (0.38.27, the dokku script reads these)."""
    for path in ("/etc/default/dokku", f"{root}/dokkurc", *sorted(glob.glob(f"{glob.escape(root)}/.dokkurc/*"))):
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
            if variable in file.read():
                return path
    return f"the environment, such as a file in {os.path.join(root, '.dokkurc')}"


class Dialer:
    """Connects to the engine by ``DOCKER_BIN system dial-stdio``, one process for each connection.

    In Dokku's own image ``DOCKER_BIN`` is a wrapper that calls the client through sudo (dokku/dokku,
    docker/usr/local/bin/docker). The command (Docker 18.09 and later) joins its standard streams to the engine. Its
    other end is a socket here, so that timeouts and attached streams work as on the engine's own.
    """

    def __init__(self, docker_bin: str) -> None:
        self.docker_bin = docker_bin
        self._processes: list[subprocess.Popen[bytes]] = []

    def dial(self, timeout_seconds: float | None) -> socket.socket:
        """Return a socket that leads to the engine. Raises OSError where the command cannot be started."""
        self._processes = [process for process in self._processes if process.poll() is None]
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                process = subprocess.Popen(
                    [*shlex.split(self.docker_bin), *_DIAL_STDIO],
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.PIPE,
                    start_new_session=True,  # after Ctrl-C the connection is still needed to clean up
                    cwd="/",
                )
            except BaseException:
                ours.close()
                raise
        self._processes.append(process)
        ours.settimeout(timeout_seconds)
        return ours

    def adapter(self, timeout_seconds: float) -> Any:
        """Return an adapter that lets a docker SDK client reach the engine this way."""
        unix = modules.load("docker.transport.unixconn")
        dial = self.dial

        class Connection(unix.UnixHTTPConnection):  # type: ignore[misc, name-defined] # the SDK has no types
            def connect(self) -> None:
                self.sock = dial(self.timeout)

        class Pool(unix.UnixHTTPConnectionPool):  # type: ignore[misc, name-defined]
            def _new_conn(self) -> Any:
                return Connection(self.base_url, self.socket_path, self.timeout)

        class Adapter(unix.UnixHTTPAdapter):  # type: ignore[misc, name-defined]
            def get_connection(self, url: str, proxies: Any = None) -> Any:  # noqa: ARG002 - the SDK's signature
                with self.pools.lock:
                    if url not in self.pools:
                        self.pools[url] = Pool(url, self.socket_path, self.timeout, maxsize=self.max_pool_size)
                    return self.pools[url]

        return Adapter("http+unix:///dial-stdio", timeout_seconds)

    def complaint(self) -> str:
        """Return the last line that connections which have ended wrote to standard error, or an empty string."""
        written = b""
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            if process.poll() is not None and process.stderr:
                written += os.read(process.stderr.fileno(), _MAX_STDERR_BYTES)
        lines = written.decode(errors="backslashreplace").strip().splitlines()
        return lines[-1].strip() if lines else ""
