#!/usr/bin/python3 -I
"""tests/engine/make_build_cache.py MEGABYTES: let the engine (DOCKER_HOST) build an image, and keep its build cache.

Docker's command line needs an extra program for builds; a build whose source the engine downloads itself does not.
"""

import http.server
import io
import os
import sys
import tarfile
import threading

import docker


def enter_the_network_of(engine: str) -> None:
    """Continue in the engine's own network namespace."""
    with open(os.path.join(os.path.dirname(engine.removeprefix("unix://")), "docker.pid"), encoding="ascii") as file:
        network = f"/proc/{int(file.read())}/ns/net"
    if os.stat(network).st_ino != os.stat("/proc/self/ns/net").st_ino:
        os.execvp("nsenter", ["nsenter", f"--net={network}", sys.executable, "-I", *sys.argv])


def context(megabytes: int) -> bytes:
    """Make a build's source: a Dockerfile, and a file of random bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in (
            ("Dockerfile", b"FROM scratch\nCOPY layer /layer\n"),
            ("layer", os.urandom(megabytes << 20)),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def serve(content: bytes) -> http.server.HTTPServer:
    """Serve it on a free port of this machine, until the end."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> None:
    """Build and remove the image; the cache is left."""
    engine = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    enter_the_network_of(engine)
    api = docker.APIClient(base_url=engine, version="auto", timeout=120)
    server = serve(context(int(sys.argv[1])))
    remote = f"http://127.0.0.1:{server.server_address[1]}/context.tar"
    parameters = {"version": "2", "remote": remote, "t": "dokku-cache-build"}
    answer = api.post(f"{api.base_url}/v{api.api_version}/build", params=parameters)
    answer.raise_for_status()
    api.remove_image("dokku-cache-build", force=True)


main()
