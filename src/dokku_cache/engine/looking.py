"""What who only looks may ask of the engine: to tell, and for a helper that only reads."""

import json
import re
from typing import Any

from dokku_cache.engine.labels import is_helper

_READING = frozenset({"GET", "HEAD"})
_PATH = re.compile(r"(?:/v[0-9.]+)?(?P<what>/[^?]*)")
_OF_A_CONTAINER = re.compile(r"/containers/(?P<identifier>[0-9a-f]+)(?P<verb>/attach|/start|)")


def let_only_look(api: Any) -> None:
    """Let a docker SDK client raise RuntimeError, which is a defect, before it asks for anything else.

    A helper that measures is made, attached to, started and removed, and its image is imported from this machine; all
    it may mount is read-only, and no other container is touched.
    """
    send = api.send
    made: set[str] = set()

    def send_if_it_looks(request: Any, **options: Any) -> Any:
        match = _PATH.fullmatch(str(request.path_url).partition("?")[0])
        what = match["what"] if match else ""
        if request.method not in _READING and not _is_for_a_helper(request, what, made):
            raise RuntimeError(f"a read-only command sent {request.method} {what} to Docker")
        response = send(request, **options)
        if what == "/containers/create" and response.ok:
            made.add(str(response.json()["Id"]))
        return response

    api.send = send_if_it_looks


def _is_for_a_helper(request: Any, what: str, made: set[str]) -> bool:
    if request.method == "POST" and what == "/images/create":
        return "fromImage" not in request.path_url  # which pulls
    if request.method == "POST" and what == "/containers/create":
        return _only_reads(json.loads(request.body or "{}"))
    match = _OF_A_CONTAINER.fullmatch(what)
    if match is None or match["identifier"] not in made:
        return False
    return bool(request.method == ("POST" if match["verb"] else "DELETE"))


def _only_reads(container: dict[str, Any]) -> bool:
    config = container.get("HostConfig") or {}
    mounts = config.get("Mounts") or []
    is_bound = config.get("Binds") or config.get("VolumesFrom") or config.get("Privileged")
    return is_helper(container.get("Labels")) and not is_bound and all(mount.get("ReadOnly") for mount in mounts)
