"""A proxy for the engine's socket, and one for plugn, that record all requests."""

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Request:
    """A request to the engine. ``body``: its JSON, or None."""

    method: str
    path: str
    body: Any = None

    @property
    def what(self) -> str:
        """Method and path, without version, identifier and query."""
        parts = [part for part in self.path.split("?")[0].split("/") if part][1:]
        if parts[:1] == ["containers"] and parts[1:2] not in ([], ["create"], ["json"]):
            parts[1] = "ID"
        return f"{self.method} /{'/'.join(parts)}"


@contextmanager
def recorded_engine(place: Path, docker_host: str) -> Iterator[tuple[str, list[Request]]]:
    """Return a socket that forwards everything to an engine, and the list of requests."""
    requests: list[Request] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))
        place.chmod(0o666)
        listener.listen(100)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    engine = socket.socket(socket.AF_UNIX)
                    engine.connect(docker_host.removeprefix("unix://"))
                    threading.Thread(target=_forward, args=(engine, client), daemon=True).start()
                    threading.Thread(target=_record, args=(client, engine, requests), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"unix://{place}", requests
        listener.shutdown(socket.SHUT_RDWR)
    place.unlink()


def _forward(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _record(client: socket.socket, engine: socket.socket, requests: list[Request]) -> None:
    with suppress(OSError):
        reader = client.makefile("rb")
        while first := reader.readline():
            head = [first]
            while (line := reader.readline()).strip():
                head.append(line)
            headers = dict(part.decode().lower().split(":", 1) for part in head[1:])
            is_json = "json" in headers.get("content-type", "")
            body = reader.read(int(headers.get("content-length", "0")))
            method, path, _ = first.decode().split(" ", 2)
            requests.append(Request(method, path, json.loads(body) if is_json and body else None))
            engine.sendall(b"".join(head) + b"\r\n" + body)
            while "chunked" in headers.get("transfer-encoding", "") and (size := reader.readline()):
                piece = reader.read(int(size, 16) + 2)
                engine.sendall(size + piece)
                if int(size, 16) == 0:
                    break
            if "upgrade" in headers:
                break  # no longer HTTP; only the engine sends
        _forward(client, engine)


@contextmanager
def recorded_plugn(directory: Path, path: str) -> Iterator[tuple[str, Path]]:
    """Return a PATH with a plugn that records its arguments and calls the real one, and the file with the lines."""
    real = shutil.which("plugn", path=path)
    directory.mkdir()
    lines = directory / "requests"
    lines.touch()
    lines.chmod(0o666)
    script = directory / "plugn"
    script.write_text(f'#!/bin/sh\necho "$*" >>{lines}\nexec {real} "$@"\n')
    script.chmod(0o755)
    yield f"{directory}:{path}", lines
