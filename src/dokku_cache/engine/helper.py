"""The helper container: deletes, and scans what the dokku user may not read.

It runs the worker program in the image of helper_image, with one directory mounted, no network, a read-only root and
two capabilities. It is removed when it ends.
"""

import os
import struct
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any

from dokku_cache import modules
from dokku_cache.engine import client, helper_image
from dokku_cache.engine.client import MOUNT_POINT, Engine, guarded
from dokku_cache.engine.helper_faults import Pruned, not_seen, not_started, partly_removed
from dokku_cache.model.errors import CacheError, MayContinue, Refused, Unknown, held_back
from dokku_cache.model.scan import Identity, Progress, Scan
from dokku_cache.tree import program, worker

#: DAC_OVERRIDE to read and write directories of any owner, FOWNER for those with the sticky bit.
CAPABILITIES = ["DAC_OVERRIDE", "FOWNER"]
#: The lowest share of the processor, next to a deploy. A process's priority counts within its container only.
GENTLE_CPU_SHARES = 2
#: The worker program prints something every second.
OUTPUT_TIMEOUT_SECONDS = 120
_HELPERS = f"{client.HELPER}={client.CONTAINER}"


class Helper:
    """Works on directories of one app, given by their paths as Dokku sees them.

    ``dokku_root`` is replaced by ``host_root`` for the engine, which may know the directory by another path.
    ``is_gentle``: slower, and at the lowest priority.
    """

    def __init__(self, engine: Engine, app: str, dokku_root: str, host_root: str, *, is_gentle: bool = False) -> None:
        self._engine = engine
        self._app = app
        self._roots = (dokku_root, host_root)
        self._is_gentle = is_gentle

    def delete(self, directory_path: str, identity: Identity, progress: Progress) -> None:
        """Delete everything below a directory; the directory itself remains.

        Raises NotStarted and Refused when nothing was deleted, and other errors when something may be.
        """
        result = self._run("delete", directory_path, identity, progress)
        if result["errors"]:
            raise partly_removed(result["errors"], directory_path)

    def scan(self, directory_path: str, identity: Identity, progress: Progress) -> Scan:
        """Scan a directory. Raises CacheError."""
        return Scan.from_result(self._run("scan", directory_path, identity, progress))

    def prepare(self) -> None:
        """Import the image if it is missing. Raises Unknown."""
        helper_image.ensure(self._engine)

    def remove_stale(self) -> None:
        """Stop and remove the helper containers that an interrupted purge of this app left behind.

        The caller holds the lock on the app. Raises Unknown.
        """
        _remove_containers(self._engine, [_HELPERS, f"{client.APP_NAME}={self._app}"])

    def _run(self, mode: str, directory_path: str, identity: Identity, progress: Progress) -> dict[str, Any]:
        try:
            return self._run_once(mode, directory_path, identity, progress)
        except Pruned:  # once may be by chance
            return self._run_once(mode, directory_path, identity, progress)

    def _run_once(self, mode: str, directory_path: str, identity: Identity, progress: Progress) -> dict[str, Any]:
        container_id = ""
        source = self._source(directory_path)
        try:
            with held_back(), not_started(source, self._roots):
                container_id = self._create(mode, source, identity)
            with not_started(source, self._roots):
                output = guarded(lambda: Output(self._engine.api, container_id))
            with closing(output):
                with not_started(source, self._roots):
                    guarded(lambda: self._engine.api.start(container_id))
                return program.read_result(output.lines(), progress)
        except program.Failed as error:
            raise self._explained(error, container_id, directory_path, identity) from error
        finally:
            if container_id:
                self._end(container_id)

    def _end(self, container_id: str) -> None:
        """Stop and remove the container. Raises MayContinue when that fails, as while the engine restarts."""
        try:
            _remove_container(self._engine, container_id)
        except Unknown as error:
            raise MayContinue(
                f"{error}, and the helper container may still be running",
                "when Docker responds, purge again: this stops the helper container and removes the rest",
            ) from error

    def _create(self, mode: str, source: str, identity: Identity) -> str:
        api = self._engine.api
        image = helper_image.ensure(self._engine)
        host_config = api.create_host_config(
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            cap_add=CAPABILITIES,
            # With user namespaces root would be mapped to a user that may not delete anything.
            userns_mode="host",
            security_opt=["no-new-privileges", "label=disable"],
            mounts=[
                {
                    "Type": "bind",
                    "Source": source,
                    "Target": MOUNT_POINT,
                    "ReadOnly": mode == "scan",
                    # What is mounted below on the host, even a moment ago, must stay out of reach.
                    "BindOptions": {"NonRecursive": True, "Propagation": "rprivate"},
                }
            ],
            cpu_shares=GENTLE_CPU_SHARES if self._is_gentle else None,
            # A log would need disk space.
            log_config={"Type": "none", "Config": {}},
        )
        created: dict[str, Any] = guarded(
            lambda: api.create_container(
                image,
                command=[*helper_image.COMMAND, *program.arguments(mode, str(identity), is_gentle=self._is_gentle)],
                user="0:0",
                working_dir=MOUNT_POINT,
                labels={**client.DOKKU, client.APP_NAME: self._app, client.HELPER: client.CONTAINER},
                host_config=host_config,
            )
        )
        return str(created["Id"])

    def _source(self, directory_path: str) -> str:
        """Return the path by which the engine knows a directory."""
        dokku_root, host_root = self._roots
        return host_root + directory_path.removeprefix(dokku_root)

    def _explained(
        self, failed: program.Failed, container_id: str, directory_path: str, identity: Identity
    ) -> CacheError:
        """Return the error that describes why there is no result."""
        state = guarded(lambda: self._engine.api.inspect_container(container_id)["State"])
        if state.get("ExitCode") == worker.EXIT_REPLACED:
            if _is_still(directory_path, identity):
                return not_seen(f"finds another directory at {self._source(directory_path)} than Dokku", self._roots)
            return Refused("the directory was replaced in the meantime", "inspect it, and try again")
        if state.get("OOMKilled"):
            return Unknown("the helper container ran out of memory", "purge again")
        return Unknown(f"the helper container did not finish: {failed}", "purge again")


class Output:
    """The output of a container, attached before it starts.

    The SDK's own stream has no time limit (docker 7.1, docker/utils/socket.py), so its frames are parsed here.
    """

    #: Stream number, three unused bytes, length (Docker Engine API 1.41, "Attach to a container").
    _HEADER = struct.Struct(">BxxxL")

    def __init__(self, api: Any, container_id: str) -> None:
        stream = api.attach_socket(container_id, params={"stdout": 1, "stderr": 1, "stream": 1})
        # The SDK returns a SocketIO, next to which it keeps the response (APIClient._get_raw_response_socket).
        self._socket = getattr(stream, "_sock", stream)
        self._response = getattr(stream, "_response", stream)
        self._socket.settimeout(OUTPUT_TIMEOUT_SECONDS)

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of both streams without their ends. Raises Unknown on a timeout."""
        rest = b""
        try:
            while header := self._read(self._HEADER.size):
                *lines, rest = (rest + self._read(self._HEADER.unpack(header)[1])).split(b"\n")
                yield from lines
        except TimeoutError as error:
            message = f"the helper container did not respond for {OUTPUT_TIMEOUT_SECONDS} s"
            raise Unknown(message, "purge again") from error
        except OSError as error:
            raise Unknown(f"the connection to Docker was lost ({error.strerror})", "purge again") from error

    def close(self) -> None:
        """Close the connection. Python 3.13 complains unless the response is closed before the socket."""
        self._response.close()
        self._socket.close()

    def _read(self, length: int) -> bytes:
        """Read exactly ``length`` bytes, none at the end of the stream."""
        data = b""
        while len(data) < length:
            piece = self._socket.recv(length - len(data))
            if not piece:
                return b""
            data += piece
        return data


def _is_still(directory_path: str, identity: Identity) -> bool:
    try:
        return Identity.of(os.stat(directory_path, follow_symlinks=False)) == identity
    except OSError:
        return False


def remove_all_stale(engine: Engine) -> None:
    """Stop and remove all helper containers. Raises Unknown."""
    _remove_containers(engine, [_HELPERS])


def _remove_containers(engine: Engine, labels: list[str]) -> None:
    labeled = guarded(lambda: engine.api.containers(all=True, filters={"label": labels}))
    for container in filter(client.is_helper, labeled):
        _remove_container(engine, container["Id"])


def _remove_container(engine: Engine, container_id: str) -> None:
    errors = modules.load("docker.errors")

    def remove() -> None:
        try:
            engine.api.remove_container(container_id, force=True, v=True)
        except errors.NotFound:
            pass
        except errors.APIError as error:
            # Its removal may be in progress. And a container that is dead deletes nothing: if its file system is
            # busy, the engine removes it at its next start.
            if error.status_code != HTTPStatus.CONFLICT and _is_running(engine, container_id):
                raise

    guarded(remove)


def _is_running(engine: Engine, container_id: str) -> bool:
    try:
        return bool(engine.api.inspect_container(container_id)["State"].get("Running"))
    except modules.load("docker.errors").NotFound:
        return False
