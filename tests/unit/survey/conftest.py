"""A server with apps on disk, and an engine whose answers a test chooses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.dokku import plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.model.errors import Unknown
from dokku_cache.model.location import Entry, Location, References
from dokku_cache.model.scan import Identity
from dokku_cache.survey import host
from dokku_cache.survey.references import collect

Json = dict[str, Any]


@dataclass
class Answers(Engine):
    """An engine that is not asked over a socket."""

    container_list: list[Json] = field(default_factory=list)
    volume_list: list[Json] = field(default_factory=list)
    image_list: list[Json] = field(default_factory=list)
    service_list: list[Json] | Unknown = field(default_factory=list)
    restarting: bool = False

    def containers(self, *, refresh: bool = False) -> list[Json]:
        return self.container_list

    def volumes(self, *, refresh: bool = False) -> list[Json]:
        return self.volume_list

    def images(self, *, refresh: bool = False) -> list[Json]:
        return self.image_list

    def services(self, *, refresh: bool = False) -> list[Json]:
        if isinstance(self.service_list, Unknown):
            raise self.service_list
        return self.service_list

    def restarts(self, container_id: str) -> bool:
        return self.restarting


@dataclass
class Server:
    """Apps on disk. ``printed`` is what Dokku's triggers print."""

    environment: DokkuEnvironment
    engine: Answers
    nginx: Path
    proc: Path
    printed: str = ""
    fired: list[str] = field(default_factory=list)

    def cache(self, app: str = "shop") -> Path:
        path = Path(self.environment.root, app, "cache")
        path.mkdir(parents=True, exist_ok=True)
        return path

    def write(self, path: str | Path, text: str) -> Path:
        file = Path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def set_option(self, option: str, app: str = "blog") -> None:
        self.write(f"{self.environment.lib_root}/config/docker-options/{app}/_default_.deploy", f"{option}\n")

    def location(self, app: str) -> Location:
        cache = self.cache(app)
        entry, rest = Entry("cache", Identity.of(cache.stat())), Entry(".rest", Identity(-1, -1))
        return Location(app, str(cache), entry, (rest,), identity=Identity.of(cache.parent.stat()))

    def collect(self, *apps: str, recheck: bool = False) -> dict[str, References]:
        locations = [self.location(app) for app in apps or ("shop", "other")]
        is_single = len(locations) == 1
        found = collect(self.environment, self.engine, locations, recheck=recheck, asks_triggers=is_single)
        return dict(found.cache)

    def references(self, app: str = "shop") -> References:
        return self.collect()[app]


@pytest.fixture
def server(environment: DokkuEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    made = Server(environment, Answers(), tmp_path / "nginx", tmp_path / "proc")
    for name in ("self", "1"):
        (made.proc / name).mkdir(parents=True)
        (made.proc / name / "mountinfo").write_bytes(Path("/proc/self/mountinfo").read_bytes())

    def trigger(name: str, *_: str, **__: object) -> str:
        made.fired.append(name)
        return made.printed

    monkeypatch.setattr(plugn, "trigger", trigger)
    monkeypatch.setattr(host, "MAIN", (str(made.nginx / "nginx.conf"),))
    monkeypatch.setattr(host, "PROC", str(made.proc))
    return made


@pytest.fixture
def container() -> Callable[..., Json]:
    """Return a container as Docker lists it."""

    def make(source: str | Path, at: str = "/data", **more: object) -> Json:
        mount = {"Type": "bind", "Source": str(source), "Destination": at}
        return {"Id": "c" * 64, "Names": ["/db"], "State": "running", "Mounts": [mount], **more}

    return make
