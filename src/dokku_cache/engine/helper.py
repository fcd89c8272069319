"""The helper container: deletes, and scans what user dokku may not read.

It runs the worker program in the image of helper_image, with one directory mounted, no network, a read-only root and
two capabilities. It is removed when it ends.
"""

import os
from contextlib import closing
from http import HTTPStatus
from typing import Any

from dokku_cache import modules
from dokku_cache.engine import helper_image, labels
from dokku_cache.engine.attachment import Attachment
from dokku_cache.engine.client import Engine, guarded
from dokku_cache.engine.helper_faults import Pruned, not_begun, not_seen, partly_removed
from dokku_cache.errors import CacheError, Refused, Unestablished
from dokku_cache.interrupts import held_back
from dokku_cache.tree import program, worker
from dokku_cache.tree.handles import Identity
from dokku_cache.tree.program import Progress
from dokku_cache.tree.scan import Scan

#: Where the directory is mounted.
MOUNT_POINT = "/legacy"
#: DAC_OVERRIDE to read and write directories of any owner, FOWNER for those with the sticky bit.
CAPABILITIES = ["DAC_OVERRIDE", "FOWNER"]
#: Beside a deploy, the least share of the processor; a process's priority counts within its container alone.
GENTLE_CPU_SHARES = 2


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

        Raises NotBegun and Refused when nothing was deleted, and other errors when something may be.
        """
        result = self._run("delete", directory_path, identity, progress)
        if result["errors"]:
            raise partly_removed(result["errors"], directory_path)

    def scan(self, directory_path: str, identity: Identity, progress: Progress) -> Scan:
        """Scan a directory. Raises CacheError."""
        return Scan.from_result(self._run("scan", directory_path, identity, progress))

    def prepare(self) -> None:
        """See to what a helper is made of, before anything is begun that needs one. Raises Unestablished."""
        helper_image.ensure(self._engine)

    def remove_stale(self) -> None:
        """Stop and remove the helper containers that an interrupted purge of this app left behind.

        The caller holds the lock on the app: they work for nobody any more. Raises Unestablished.
        """
        _remove_containers(self._engine, [labels.OF_HELPERS, f"{labels.APP_NAME}={self._app}"])

    def _run(self, mode: str, directory_path: str, identity: Identity, progress: Progress) -> dict[str, Any]:
        try:
            return self._run_once(mode, directory_path, identity, progress)
        except Pruned:  # once may be by chance
            return self._run_once(mode, directory_path, identity, progress)

    def _run_once(self, mode: str, directory_path: str, identity: Identity, progress: Progress) -> dict[str, Any]:
        container_id = ""
        try:
            with held_back(), not_begun(self._source(directory_path), self._roots):
                container_id = self._create(mode, directory_path, identity)
            with not_begun(self._source(directory_path), self._roots):
                attachment = guarded(lambda: Attachment(self._engine.api, container_id))
            with closing(attachment):
                with not_begun(self._source(directory_path), self._roots):
                    guarded(lambda: self._engine.api.start(container_id))
                return program.read_result(attachment.lines(), progress)
        except program.Failed as error:
            raise self._explained(error, container_id, directory_path, identity) from error
        finally:
            if container_id:
                _remove_container(self._engine, container_id)

    def _create(self, mode: str, directory_path: str, identity: Identity) -> str:
        api = self._engine.api
        image = helper_image.ensure(self._engine)
        arguments = program.arguments(mode, str(identity), is_gentle=self._is_gentle)
        mount = {
            "Type": "bind",
            "Source": self._source(directory_path),
            "Target": MOUNT_POINT,
            "ReadOnly": mode == "scan",
            # What is mounted below on the host must stay out of reach, even if it came a moment ago.
            "BindOptions": {"NonRecursive": True, "Propagation": "rprivate"},
        }
        host_config = api.create_host_config(
            network_mode="none",
            read_only=True,
            cap_drop=["ALL"],
            cap_add=CAPABILITIES,
            # An engine with user namespaces would else map root to a user that may not delete anything.
            userns_mode="host",
            security_opt=["no-new-privileges", "label=disable"],
            mounts=[mount],
            cpu_shares=GENTLE_CPU_SHARES if self._is_gentle else None,
            # Kept by no log driver: a purge must not need disk space.
            log_config={"Type": "none", "Config": {}},
        )
        created: dict[str, Any] = guarded(
            lambda: api.create_container(
                image,
                command=[*helper_image.COMMAND, *arguments],
                user="0:0",
                working_dir=MOUNT_POINT,
                labels=labels.for_helper(self._app),
                host_config=host_config,
            )
        )
        return str(created["Id"])

    def _source(self, directory_path: str) -> str:
        """Give the path by which the engine knows a directory."""
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
            return Unestablished("the helper container ran out of memory", "purge again")
        return Unestablished(f"the helper container did not finish: {failed}", "purge again")


def _is_still(directory_path: str, identity: Identity) -> bool:
    try:
        return Identity.of(os.stat(directory_path, follow_symlinks=False)) == identity
    except OSError:
        return False


def remove_all_stale(engine: Engine) -> None:
    """Stop and remove all helper containers, of whatever app. Raises Unestablished."""
    _remove_containers(engine, [labels.OF_HELPERS])


def _remove_containers(engine: Engine, with_labels: list[str]) -> None:
    listed = guarded(lambda: engine.api.containers(all=True, filters={"label": with_labels}))
    for container in listed:
        _remove_container(engine, container["Id"])


def _remove_container(engine: Engine, container_id: str) -> None:
    errors = modules.load("docker.errors")

    def remove() -> None:
        try:
            engine.api.remove_container(container_id, force=True, v=True)
        except errors.NotFound:
            pass
        except errors.APIError as error:
            # Removal may be in progress. And what is dead deletes nothing any more: where the engine cannot take it
            # away, as its file system is busy, it tries again when it starts.
            if error.status_code != HTTPStatus.CONFLICT and _runs(engine, container_id):
                raise

    guarded(remove)


def _runs(engine: Engine, container_id: str) -> bool:
    try:
        return bool(engine.api.inspect_container(container_id)["State"].get("Running"))
    except modules.load("docker.errors").NotFound:
        return False
