"""The helper container: deletes and measures what user dokku may not.

Started from the image in helper_image, with one directory mounted, no network, a read-only root and no
capability but the two that deleting other users' files takes; removed when it ends.
"""

import os
from collections.abc import Generator
from contextlib import closing
from http import HTTPStatus
from typing import Any

from dokku_cache import modules
from dokku_cache.engine import helper_image, labels
from dokku_cache.engine.attachment import Attachment
from dokku_cache.engine.client import Engine, guarded
from dokku_cache.engine.helper_faults import not_begun, not_seen, partly_removed
from dokku_cache.engine.helper_lines import count, read_names
from dokku_cache.engine.helper_scripts import EMPTY, MEASURE, MOUNT_POINT
from dokku_cache.errors import Refused, Unestablished
from dokku_cache.interrupts import held_back
from dokku_cache.legacy.remove import Gone
from dokku_cache.tree.handles import Identity
from dokku_cache.tree.measurement import Tally, Tick, Ticker
from dokku_cache.tree.scan import MAX_NAMES, Scan

#: DAC_OVERRIDE to read and write directories of any owner, FOWNER for those with the sticky bit.
CAPABILITIES = ["DAC_OVERRIDE", "FOWNER"]
#: Deleting waits for the disk, not for the processor: more workers than cores pay.
WORKERS = 32
#: The automatic purge beside a deploy leaves disk and processor to it: few workers, and the least share of the
#: processor that there is, as a container's nice value counts within that container alone.
GENTLE_WORKERS = 2
GENTLE_CPU_SHARES = 2
EXIT_REPLACED = 70
#: So often a walk says how far it is.
TICK_ENTRIES = 1000


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

    def empty(self, directory_path: str, identity: Identity, gone: Gone) -> None:
        """Delete all below a directory; its own name stays. See ForeignRemover for errors."""
        with closing(self._run(EMPTY, directory_path, identity, read_only=False)) as lines:
            for line in lines:
                if line.startswith(b"+ "):
                    gone(int(line[2:]))

    def scan(self, directory_path: str, identity: Identity, tick: Tick | None = None) -> Scan:
        """Scan a directory and all below it. Raises CacheError."""
        tally = Tally()
        names: dict[str, frozenset[str]] = {}
        has_all_names = True
        ticker = Ticker(tally, tick)
        with closing(self._run(MEASURE, directory_path, identity, read_only=True)) as lines:
            for line in lines:
                kind, _, words = line.partition(b" ")
                try:
                    if kind == b"=":
                        count(tally, words)
                        if not tally.entries % TICK_ENTRIES:
                            ticker.tell()
                    elif kind == b"n":
                        directory, found, is_complete = read_names(words)
                        if directory == ".":
                            names = dict.fromkeys(found[:MAX_NAMES], frozenset())
                            has_all_names = is_complete and len(found) <= MAX_NAMES
                        else:
                            names[directory] = frozenset(found)
                except ValueError as error:
                    raise Unestablished(
                        f"the helper container was not understood ({line[:80]!r})", "report this as a defect"
                    ) from error
        ticker.tell()
        return tally.result(names, has_all_names=has_all_names)

    def prepare(self) -> None:
        """See to what a helper is made of, before anything is begun that needs one. Raises Unestablished."""
        helper_image.ensure(self._engine)

    def remove_stale(self) -> None:
        """Stop and remove the helper containers that an interrupted purge of this app left behind.

        The caller holds the lock on the app: they work for nobody any more. Raises Unestablished.
        """
        _remove_containers(self._engine, [labels.OF_HELPERS, f"{labels.APP_NAME}={self._app}"])

    def _run(
        self, script: str, directory_path: str, identity: Identity, *, read_only: bool
    ) -> Generator[bytes, None, None]:
        container_id = ""
        try:
            with held_back(), not_begun(self._source(directory_path), self._roots):
                container_id = self._create(script, directory_path, identity, read_only=read_only)
            finished = False
            with closing(guarded(lambda: Attachment(self._engine.api, container_id))) as attachment:
                with not_begun(self._source(directory_path), self._roots):
                    guarded(lambda: self._engine.api.start(container_id))
                for line in attachment.lines():
                    finished = finished or line == b"done"
                    yield line
            if not finished:
                self._explain(container_id, attachment.said_on_stderr, directory_path, identity)
        finally:
            if container_id:
                _remove_container(self._engine, container_id)

    def _create(self, script: str, directory_path: str, identity: Identity, *, read_only: bool) -> str:
        api = self._engine.api
        image = helper_image.ensure(self._engine)
        manner = ["gently", str(GENTLE_WORKERS)] if self._is_gentle else ["", str(WORKERS)]
        mount = {
            "Type": "bind",
            "Source": self._source(directory_path),
            "Target": MOUNT_POINT,
            "ReadOnly": read_only,
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
                command=["/bin/busybox", "sh", "-c", script, "helper", str(identity), *manner],
                user="0:0",
                environment={"PATH": "/bin"},
                labels=labels.for_helper(self._app),
                host_config=host_config,
            )
        )
        return str(created["Id"])

    def _source(self, directory_path: str) -> str:
        """Give the path by which the engine knows a directory."""
        dokku_root, host_root = self._roots
        return host_root + directory_path.removeprefix(dokku_root)

    def _explain(self, container_id: str, said: str, directory_path: str, identity: Identity) -> None:
        """Raise what a helper's end without ``done`` means."""
        state = guarded(lambda: self._engine.api.inspect_container(container_id)["State"])
        if state.get("ExitCode") == EXIT_REPLACED:
            if _is_still(directory_path, identity):
                raise not_seen(f"finds another directory at {self._source(directory_path)} than Dokku", self._roots)
            raise Refused("the trash was replaced while it was being deleted", "look at it, and try again")
        if state.get("OOMKilled"):
            raise Unestablished("the helper container ran out of memory", "purge again")
        raise partly_removed(said, directory_path)


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
