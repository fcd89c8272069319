"""How often others are asked: it is counted here, not timed."""

import io
import os
from collections import Counter
from pathlib import Path

import pytest

from dokku_cache.actions import cli
from dokku_cache.dokku import plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.model.cache import AppState
from dokku_cache.output.console import Console
from dokku_cache.survey.context import Context
from dokku_cache.survey.options import TRIGGERS
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.tree.handles import AppDirectory

APPS = 500


class CountedApi:
    """An engine without containers and volumes, and how often it was asked for them."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    def containers(self, *, all: bool) -> list[dict]:  # noqa: A002 - the SDK's name
        self.calls["containers"] += 1
        return []

    def info(self) -> dict:
        return {"Swarm": {"LocalNodeState": "inactive"}}

    def images(self, **_: object) -> list[dict]:
        return []

    def volumes(self) -> dict:
        self.calls["volumes"] += 1
        return {"Volumes": []}


@pytest.fixture
def triggers(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    calls: Counter[str] = Counter()

    def trigger(name: str, *arguments: str) -> str:
        calls[name] += 1
        return "".join(f"app{number}\n" for number in range(APPS)) if name == "app-list" else ""

    monkeypatch.setattr(plugn, "trigger", trigger)
    return calls


def lay_out(environment: DokkuEnvironment, caches: int) -> None:
    (Path(environment.lib_root) / "STABLE_VERSION").write_text("0.38.27\n")
    for number in range(APPS):
        app = Path(environment.root) / f"app{number}"
        app.mkdir()
        (app / "HEAD").touch()
        if number < caches:
            (app / "cache").mkdir()
            os.utime(app / "cache", (1_000_000, 1_000_000))


@pytest.mark.parametrize("caches", [0, 1, 40])
def test_a_report_asks_docker_once_and_fires_triggers_for_a_single_cache(
    environment: DokkuEnvironment, triggers: Counter[str], caches: int
) -> None:
    lay_out(environment, caches)
    engine, api, out = Engine(""), CountedApi(), io.StringIO()
    engine._api = api
    cli.run_action(Context(environment, Console(out=out, err=out), engine), "report", [])
    assert out.getvalue().count("cache information") == APPS
    assert out.getvalue().count("orphaned") == caches
    assert api.calls == Counter(volumes=1, **({"containers": 1} if caches else {}))
    assert triggers == Counter({"app-list": 1, **({kind: 1 for kind, _ in TRIGGERS} if caches == 1 else {})})


def test_a_recheck_asks_docker_and_the_triggers_again(environment: DokkuEnvironment, triggers: Counter[str]) -> None:
    lay_out(environment, caches=2)
    engine, api = Engine(""), CountedApi()
    engine._api = api
    surveyor = Surveyor(environment, engine)
    surveyor.survey(["app0", "app1"])
    assert (api.calls["containers"], triggers.total()) == (1, 0)
    with AppDirectory(environment.root, "app0") as directory:
        surveyor.recheck(directory)
        assert api.calls["containers"] == 2
        assert triggers == Counter({kind: 1 for kind, _ in TRIGGERS})
        surveyor.uses_after_rename(directory)
        assert api.calls["containers"] == 3


@pytest.mark.parametrize(
    ("app", "expected"),
    [("app0", AppState.PRESENT), ("listed", AppState.GHOST), ("hidden", AppState.PRESENT), ("gone", AppState.GONE)],
)
def test_a_directory_without_an_app_is_a_sign_of_life(
    environment: DokkuEnvironment, triggers: Counter[str], app: str, expected: AppState
) -> None:
    lay_out(environment, caches=1)
    for name in ("listed", "hidden"):
        Path(environment.root, name, "cache").mkdir(parents=True)
    engine = Engine("")
    engine._api = CountedApi()
    assert Surveyor(environment, engine).app_state(app, ["app0", "listed"]) is expected
