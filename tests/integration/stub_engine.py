"""An engine that says what a test wants, for answers that a real one gives on a bad day only."""

import http.server
import json
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Answers = Mapping[str, Any]


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    answers: Answers
    delays_seconds: Mapping[str, float]


class _Handler(http.server.BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        question = "/" + path.split("/", 2)[2] if path.startswith("/v") and path != "/version" else path
        time.sleep(self.server.delays_seconds.get(question, 0))
        body = json.dumps(self.server.answers.get(question, {})).encode()
        self.send_response(200 if question in self.server.answers else 500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@contextmanager
def stub_engine(socket: Path, answers: Answers, delays_seconds: Mapping[str, float] | None = None) -> Iterator[str]:
    """Answer at a socket by the path of the question, without its version; give what DOCKER_HOST is then."""
    with _Server(str(socket), _Handler) as server:
        server.answers = {"/version": {"ApiVersion": "1.41"}, "/containers/json": [], **answers}
        server.delays_seconds = delays_seconds or {}
        socket.chmod(0o666)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"unix://{socket}"
        server.shutdown()
