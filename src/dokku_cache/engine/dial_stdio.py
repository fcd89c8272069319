"""The way to the engine where its socket is closed to user dokku: ``DOCKER_BIN system dial-stdio``.

In Dokku's own image ``DOCKER_BIN`` is a wrapper that calls the client through sudo (dokku/dokku,
docker/usr/local/bin/docker). ``docker system dial-stdio`` (18.09 and later) joins its standard streams to the engine,
byte by byte; the docker SDK's transport for ssh uses it too. Here its other end is a real socket, so that time
limits, and the attached stream of a container, work as on the engine's own.
"""

import contextlib
import os
import shlex
import socket
import subprocess
from typing import Any

from dokku_cache import modules

#: What the SDK calls a connection that is none over the network.
SCHEME = "http+docker://"
_COMMAND = ("system", "dial-stdio")
_KEPT_OF_STDERR = 2000


class Dialer:
    """Starts ``DOCKER_BIN system dial-stdio``, once a connection; ``docker_bin`` is a command as Dokku calls it."""

    def __init__(self, docker_bin: str) -> None:
        self.docker_bin = docker_bin
        self._processes: list[subprocess.Popen[bytes]] = []

    def dial(self, timeout_seconds: float | None) -> socket.socket:
        """Give a socket that leads to the engine. Raises OSError where the command cannot be started."""
        self._processes = [process for process in self._processes if process.poll() is None]
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                # In a session of its own: Ctrl-C is for us, who then need the engine to clean up; and sudo, without a
                # terminal, makes none.
                process = subprocess.Popen(
                    [*shlex.split(self.docker_bin), *_COMMAND],
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=subprocess.PIPE,
                    start_new_session=True,
                    cwd="/",
                )
            except BaseException:
                ours.close()
                raise
        self._processes.append(process)
        ours.settimeout(timeout_seconds)
        return ours

    def complaint(self) -> str:
        """Give the last line that a connection which ended by now wrote to its standard error, or an empty text."""
        said = b""
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            if process.poll() is not None and process.stderr:
                said += os.read(process.stderr.fileno(), _KEPT_OF_STDERR)
        lines = said.decode(errors="backslashreplace").strip().splitlines()
        return lines[-1].strip() if lines else ""


def reach_through(api: Any, dialer: Dialer, timeout_seconds: float) -> None:
    """Let a docker SDK client that was made for a Unix socket, and has asked nothing so far, reach the engine so."""
    unix = modules.load("docker.transport.unixconn")

    class Connection(unix.UnixHTTPConnection):  # type: ignore[misc, name-defined] # the SDK has no types
        def connect(self) -> None:
            self.sock = dialer.dial(self.timeout)

    class Pool(unix.UnixHTTPConnectionPool):  # type: ignore[misc, name-defined]
        def _new_conn(self) -> Any:
            return Connection(self.base_url, self.socket_path, self.timeout)

    class Adapter(unix.UnixHTTPAdapter):  # type: ignore[misc, name-defined]
        def get_connection(self, url: str, proxies: Any = None) -> Any:  # noqa: ARG002 - as the SDK calls it
            with self.pools.lock:
                if url not in self.pools:
                    self.pools[url] = Pool(url, self.socket_path, self.timeout, maxsize=self.max_pool_size)
                return self.pools[url]

    api.mount(SCHEME, Adapter("http+unix:///dial-stdio", timeout_seconds))
