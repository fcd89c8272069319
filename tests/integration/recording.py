"""A socket in front of the engine, and a plugn in front of Dokku's, that write down what is asked."""

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
class Asked:
    """A request to the engine. ``body``: what came with it as JSON, or None."""

    method: str
    path: str
    body: Any = None

    @property
    def what(self) -> str:
        """Method and path, without the version, the identifier and the question's arguments."""
        parts = [part for part in self.path.split("?")[0].split("/") if part][1:]
        if parts[:1] == ["containers"] and parts[1:2] not in ([], ["create"], ["json"]):
            parts[1] = "ID"
        return f"{self.method} /{'/'.join(parts)}"


@contextmanager
def recorded_engine(place: Path, docker_host: str) -> Iterator[tuple[str, list[Asked]]]:
    """Give a socket that passes everything on to an engine, and the requests that came by it."""
    asked: list[Asked] = []
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
                    threading.Thread(target=_pass_on, args=(engine, client), daemon=True).start()
                    threading.Thread(target=_record, args=(client, engine, asked), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield f"unix://{place}", asked
        listener.shutdown(socket.SHUT_RDWR)
    place.unlink()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _record(client: socket.socket, engine: socket.socket, asked: list[Asked]) -> None:
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
            asked.append(Asked(method, path, json.loads(body) if is_json and body else None))
            engine.sendall(b"".join(head) + b"\r\n" + body)
            while "chunked" in headers.get("transfer-encoding", "") and (size := reader.readline()):
                piece = reader.read(int(size, 16) + 2)
                engine.sendall(size + piece)
                if int(size, 16) == 0:
                    break
            if "upgrade" in headers:
                break  # from here on it is no HTTP any more, and only the engine talks
        _pass_on(client, engine)


@contextmanager
def recorded_plugn(directory: Path, path: str) -> Iterator[tuple[str, Path]]:
    """Give a PATH on which plugn writes down its arguments and does what it does, and the file with the lines."""
    real = shutil.which("plugn", path=path)
    directory.mkdir()
    lines = directory / "asked"
    lines.touch()
    lines.chmod(0o666)
    script = directory / "plugn"
    script.write_text(f'#!/bin/sh\necho "$*" >>{lines}\nexec {real} "$@"\n')
    script.chmod(0o755)
    yield f"{directory}:{path}", lines
