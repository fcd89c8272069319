"""What changes volumes of the engine: their removal, one at a time and never by force."""

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from dokku_cache.engine.client import Engine, Json, guarded
from dokku_cache.errors import Refused, Unknown

#: For one removal: the engine deletes all that is in the volume before it answers.
LIMIT_SECONDS = 1800
_NOT_FOUND, _CONFLICT, _FIRST_OF_OTHER_ANSWERS = 404, 409, 300
_TICK_SECONDS = 1.0


def inspect(engine: Engine, name: str) -> Json | None:
    """Give a volume as ``GET /volumes`` lists it, None when there is none. Raises Unknown."""
    answer = guarded(lambda: engine.api.get(_url(engine, name), timeout=engine.limit_seconds))
    if answer.status_code == _NOT_FOUND:
        return None
    found: Json = guarded(lambda: _checked(answer))
    return found


def remove(engine: Engine, name: str, tick: Callable[[], None], limit_seconds: float | None = None) -> bool:
    """Remove a volume that no container mounts, running or not; tell whether it was there.

    ``tick`` is called about once a second meanwhile. Raises Refused when a container mounts it, which the engine
    sees to itself (``DELETE /volumes/{name}`` without force), and Unknown when it does not answer in time,
    which is LIMIT_SECONDS unless told otherwise.
    """
    limit = LIMIT_SECONDS if limit_seconds is None else limit_seconds
    answer = _in_background(lambda: guarded(lambda: engine.api.delete(_url(engine, name), timeout=limit)), tick)
    if answer.status_code == _CONFLICT:
        raise Refused(f"Docker refused to remove it: {_message(answer)}", "purge again when no container uses it")
    if answer.status_code == _NOT_FOUND:
        return False
    if answer.status_code >= _FIRST_OF_OTHER_ANSWERS:
        raise Unknown(f"Docker could not remove it: {_message(answer)}", "check 'journalctl -u docker'")
    return True


def _url(engine: Engine, name: str) -> str:
    return f"{engine.api.base_url}/v{engine.api.api_version}/volumes/{quote(name, safe='')}"


def _checked(answer: Any) -> Json:
    answer.raise_for_status()
    found: Json = answer.json()
    return found


def _message(answer: Any) -> str:
    try:
        return " ".join(str(answer.json()["message"]).split())
    except (ValueError, KeyError, TypeError):
        return f"status {answer.status_code}"


def _in_background(call: Callable[[], Any], tick: Callable[[], None]) -> Any:
    """Make a call that may take long, so that the caller can tell that it still lasts, and be interrupted."""
    answers: list[Any] = []

    def work() -> None:
        try:
            answers.append(guarded(call))
        except Exception as error:  # noqa: BLE001 - it is raised where somebody sees it
            answers.append(error)

    worker = threading.Thread(target=work, name="engine", daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(_TICK_SECONDS)
        tick()
    if isinstance(answers[0], Exception):
        raise answers[0]
    return answers[0]
