"""A fake Docker engine with volumes, containers and images. It removes volumes on request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from dokku_cache.engine.client import Engine

MADE = "2025-01-01T00:00:00Z"
Json = dict[str, Any]


def volume(name: str, app: str = "", **more: Any) -> Json:
    """Give a volume as the engine lists it, with Dokku's labels where it is an app's."""
    labels = {"com.dokku.builder-type": "herokuish", "com.dokku.app-name": app} if app else None
    return {"Name": name, "Driver": "local", "Labels": labels, "Options": None, "CreatedAt": MADE, **more}


def container(name: str, mounted: str = "", **labels: str) -> Json:
    """Give a container as the engine lists it, with a volume that it mounts."""
    mounts = [{"Type": "volume", "Name": mounted, "Destination": "/x"}] if mounted else []
    return {"Id": f"{name:0<64}", "Names": [f"/{name}"], "State": "exited", "Mounts": mounts, "Labels": labels}


@dataclass
class Answer:
    """What the engine answers to a plain request."""

    status_code: int
    content: Json = field(default_factory=dict)

    def json(self) -> Json:
        return self.content

    def raise_for_status(self) -> None:
        assert self.status_code < 400  # what is not found is seen before


@dataclass
class FakeEngine:
    """The engine's side; ``engine`` gives the plugin's. ``silent`` questions are not answered.

    ``on_delete`` comes before a volume is removed, and may give another answer. ``asked``: all questions, in order.
    """

    volume_list: list[Json] = field(default_factory=list)
    container_list: list[Json] = field(default_factory=list)
    image_list: list[Json] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    on_delete: Callable[[], Answer | None] = lambda: None
    asked: list[str] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    base_url: str = "http://docker"
    api_version: str = "1.44"

    @property
    def engine(self) -> Engine:
        engine = Engine("")
        engine._api = self
        return engine

    def containers(self, *, all: bool) -> list[Json]:  # noqa: A002 - the SDK's name
        return self._answer("containers", self.container_list)

    def images(self, *, all: bool) -> list[Json]:  # noqa: A002 - the SDK's name
        return self._answer("images", self.image_list)

    def info(self) -> Json:
        return {"Swarm": {"LocalNodeState": "inactive"}}

    def volumes(self) -> Json:
        return {"Volumes": self._answer("volumes", self.volume_list)}

    def get(self, url: str, timeout: float) -> Answer:
        if "inspect" in self.silent:
            raise OSError("no answer")
        found = self._named(url)
        return Answer(200, found) if found else Answer(404)

    def delete(self, url: str, timeout: float) -> Answer:
        self.limits.append(timeout)
        answer = self.on_delete()
        if answer is not None:
            return answer
        found = self._named(url)
        if found is None:
            return Answer(404)
        self.volume_list.remove(found)
        return Answer(204)

    def _named(self, url: str) -> Json | None:
        name = unquote(url.removeprefix(f"{self.base_url}/v{self.api_version}/volumes/"))
        return next((found for found in self.volume_list if found["Name"] == name), None)

    def _answer(self, question: str, listed: list[Json]) -> list[Json]:
        self.asked.append(question)
        if question in self.silent:
            raise OSError(f"no answer about {question}")
        return list(listed)
