"""An engine whose runtime can fail, whose authorization plugin can deny, and which can be restarted."""

import base64
import http.server
import json
import os
import shutil
import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import docker

from .conftest import DISK, ENGINE

#: What runc says in an LXC container of Proxmox (opencontainers/runc#4968).
RUNTIME_FAILURE = "open sysctl net.ipv4.ip_unprivileged_port_start file: reopen fd 8: permission denied"
_RUNTIME = """#!/bin/bash
if [[ -e {switch} && " $* " == *" create "* ]]; then
  while [[ "$1" != --log ]]; do shift; done
  echo '{{"level": "error", "msg": "unable to start container process: {failure}"}}' >>"$2"
  exit 1
fi
if [[ -e {switch}-pausing && " $* " == *" start "* ]]; then
  {runc} "$@"
  kill -STOP "$({runc} "${{@:1:$#-2}}" state "${{*: -1}}" | sed -n 's/.*"pid": \\([0-9]*\\),/\\1/p')"
  exit
fi
exec {runc} "$@"
"""
_PLUGINS = Path("/run/docker/plugins")


@dataclass
class BadEngine:
    """``denies`` gets the method, path and body of a request, and returns why it is denied, or nothing.

    ``is_failure``: the authorization plugin sends an error instead of a denial.
    """

    directory: Path
    denies: Callable[[str, str, Any], str] = lambda *_: ""
    is_failure: bool = False
    denied: list[str] = field(default_factory=list)

    @property
    def docker_host(self) -> str:
        return f"unix://{self.directory}/docker.sock"

    @cached_property
    def api(self) -> docker.APIClient:
        return docker.APIClient(self.docker_host, version="auto")

    @contextmanager
    def broken_runtime(self) -> Iterator[None]:
        """Let no container start."""
        with self._switch("fails"):
            yield

    @contextmanager
    def pausing_runtime(self) -> Iterator[None]:
        """Send SIGSTOP to each container as soon as it starts."""
        with self._switch("fails-pausing"):
            yield

    @contextmanager
    def _switch(self, name: str) -> Iterator[None]:
        """Create the file that the runtime looks for, during the block."""
        switch = self.directory / name
        switch.touch()
        yield
        switch.unlink()

    def containers(self) -> list[str]:
        return [container["Id"] for container in self.api.containers(all=True)]

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        body = base64.b64decode(request.get("RequestBody") or "")
        parsed = json.loads(body) if body.startswith(b"{") else {}
        reason = self.denies(request["RequestMethod"], request["RequestUri"], parsed)
        if not reason:
            return {"Allow": True}
        self.denied.append(reason)
        return {"Err": reason} if self.is_failure else {"Allow": False, "Msg": reason}

    def pid(self, name: str) -> int:
        return int((self.directory / f"{name}.pid").read_text())

    def restart(self, how: signal.Signals, *names: str) -> None:
        """End "docker", "containerd" or both with a signal, and start them again with the same options."""
        commands = {
            name: Path(f"/proc/{self.pid(name)}/cmdline").read_bytes().decode().split("\0")[:-1] for name in names
        }
        spaces = [os.open(f"/proc/{self.pid('containerd')}/ns/{space}", os.O_RDONLY) for space in ("net", "mnt")]
        for name in names:
            process = self.pid(name)
            os.kill(process, how)
            while is_running(process):
                time.sleep(0.02)
        with open(self.directory / "log", "ab") as log:
            for name, command in sorted(commands.items()):  # containerd first
                (self.directory / f"{name}.pid").unlink(missing_ok=True)
                network, mount = (f"/proc/self/fd/{space}" for space in spaces)
                inside = ["setsid", "nsenter", f"--net={network}", f"--mount={mount}", *command]
                started = subprocess.Popen(inside, stdout=log, stderr=log, pass_fds=spaces)
                if name == "containerd":
                    (self.directory / "containerd.pid").write_text(str(started.pid))
        for space in spaces:
            os.close(space)
        if "docker" not in names:
            time.sleep(2)  # dockerd connects again some time after containerd is ready
        for _ in range(300):
            with suppress(OSError, docker.errors.DockerException):
                self.api.ping()
                (self.directory / "docker.sock").chmod(0o666)
                return
            time.sleep(0.1)
        raise AssertionError((self.directory / "log").read_text()[-2000:])


def is_running(process: int) -> bool:
    """Check for a process that has ended, even if its parent has not collected it."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@contextmanager
def bad_engine(*options: str) -> Iterator[BadEngine]:
    """Start one, on a good day so far."""
    engine = BadEngine(DISK / f"dokku-cache-bad-{os.getpid()}")
    engine.directory.mkdir(mode=0o711)
    plugins = engine.directory / "plugins"
    plugins.mkdir()
    runtime = engine.directory / "runtime"
    switch = engine.directory / "fails"
    runtime.write_text(_RUNTIME.format(switch=switch, failure=RUNTIME_FAILURE, runc=shutil.which("runc")))
    runtime.chmod(0o755)
    made = [path for path in (_PLUGINS, _PLUGINS.parent) if not path.exists()]
    _PLUGINS.mkdir(parents=True, exist_ok=True)
    with _serve(engine, plugins / "deny.sock"):
        try:
            own = [
                f"--add-runtime=failing={runtime}",
                "--default-runtime=failing",
                "--authorization-plugin=deny",
            ]
            variables = {**os.environ, "ENGINE_PLUGINS": str(plugins)}
            subprocess.run([ENGINE / "up", engine.directory, *own, *options], check=True, env=variables)
            yield engine
        finally:
            engine.denies = lambda *_: ""
            switch.unlink(missing_ok=True)
            subprocess.run([ENGINE / "down", engine.directory], check=True)
            for path in made:
                path.rmdir()


@contextmanager
def _serve(engine: BadEngine, socket: Path) -> Iterator[None]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = {"Implements": ["authz"]}
            if self.path == "/AuthZPlugin.AuthZReq":
                answer = engine.answer(json.loads(body))
            elif self.path == "/AuthZPlugin.AuthZRes":
                answer = {"Allow": True}
            content = json.dumps(answer).encode()
            self.send_response(500 if "Err" in answer else 200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def address_string(self) -> str:
            return "unix"

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    class Plugin(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
        daemon_threads = True

    with Plugin(str(socket), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
