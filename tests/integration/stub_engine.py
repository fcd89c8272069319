"""An engine with answers that a real engine gives only in rare failures."""

import http.server
import json
import socketserver
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Answers = Mapping[str, Any]
NO_SWARM = {"Swarm": {"LocalNodeState": "inactive"}}


@dataclass(frozen=True)
class Failure:
    """An error as an answer."""

    status: int
    message: str


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    answers: Answers
    delays_seconds: Mapping[str, float]
    minimum_version: list[int]
    asked: list[str]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_DELETE(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        question = "/" + path.split("/", 2)[2] if path.startswith("/v") and path != "/version" else path
        if self.command != "GET":
            question = f"{self.command} {question}"
        self.server.asked.append(question)
        time.sleep(self.server.delays_seconds.get(question, 0))
        answer = self.server.answers.get(question, Failure(500, "no such question in this test"))
        if question == "/containers/json" and isinstance(answer, list):
            answer = [container for container in answer if self._is_asked_for(container)]
        asked = path.split("/")[1] if path != "/version" else "v9"
        if [int(part) for part in asked[1:].split(".")] < self.server.minimum_version:
            answer = Failure(400, f"client version {asked[1:]} is too old")
        body = json.dumps({"message": answer.message} if isinstance(answer, Failure) else answer).encode()
        self.send_response(answer.status if isinstance(answer, Failure) else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _is_asked_for(self, container: Mapping[str, Any]) -> bool:
        """Apply a filter by labels, as the engine does."""
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        wanted = json.loads(query.get("filters", ["{}"])[0]).get("label", [])
        labels = [
            word for name, value in (container.get("Labels") or {}).items() for word in (name, f"{name}={value}")
        ]
        return set(wanted) <= set(labels)

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def stub_engine(
    socket: Path,
    answers: Answers,
    delays_seconds: Mapping[str, float] | None = None,
    minimum_version: tuple[int, int] = (1, 12),
    asked: list[str] | None = None,
) -> Iterator[str]:
    """Answer requests at a socket by their path without the version; return the value of DOCKER_HOST.

    Paths of methods other than GET begin with the method: ``DELETE /volumes/x``. ``asked`` gets each path.
    """
    with _Server(str(socket), _Handler) as server:
        server.answers = {"/version": {"ApiVersion": "1.41"}, "/containers/json": [], "/info": NO_SWARM, **answers}
        server.delays_seconds = delays_seconds or {}
        server.asked = [] if asked is None else asked
        server.minimum_version = list(minimum_version)
        socket.chmod(0o666)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"unix://{socket}"
        server.shutdown()
