"""Who only looks cannot ask the engine for anything that changes it."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from dokku_cache.actions import dokku_report, history, purge_legacy, purge_volumes, report
from dokku_cache.actions import list as list_action
from dokku_cache.context import Context
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.looking import let_only_look
from dokku_cache.output.console import Console

LOOKS = [
    (list_action, []),
    (report, ["shop"]),
    (report, ["--global"]),
    (history, []),
    (dokku_report, []),
    (purge_legacy, ["shop", "--dry-run"]),
    (purge_legacy, ["--all", "--dry-run"]),
    (purge_volumes, ["shop", "--dry-run"]),
    (purge_volumes, ["--orphaned", "--dry-run"]),
]
HELPER = {"com.dokku.cache.helper": "container"}
OURS, OTHERS = "a" * 64, "b" * 64


@dataclass
class Request:
    method: str
    path_url: str
    body: str | None = None


@dataclass
class Answer:
    ok: bool = True

    def json(self) -> dict[str, str]:
        return {"Id": OURS}


@dataclass
class Api:
    sent: list[str] = field(default_factory=list)

    def send(self, request: Request, **_options: object) -> Answer:
        self.sent.append(f"{request.method} {request.path_url}")
        return Answer()


@pytest.fixture
def api() -> Api:
    looked_at = Api()
    let_only_look(looked_at)
    return looked_at


def create(labels: dict[str, str] = HELPER, **config: Any) -> Request:
    body = {"Labels": labels, "HostConfig": {"Mounts": [{"ReadOnly": True}], **config}}
    return Request("POST", "/v1.41/containers/create", json.dumps(body))


@pytest.mark.parametrize("path", ["/v1.41/containers/json?all=1", "/version", "/v1.44/system/df?type=volume"])
def test_it_may_be_told_anything(api: Api, path: str) -> None:
    api.send(Request("GET", path))
    assert api.sent == [f"GET {path}"]


@pytest.mark.parametrize(
    "request_",
    [
        Request("POST", "/v1.41/containers/prune"),
        Request("POST", f"/v1.41/containers/{OTHERS}/stop"),
        Request("POST", f"/v1.41/containers/{OTHERS}/start"),
        Request("DELETE", f"/v1.41/containers/{OTHERS}?force=True"),
        Request("DELETE", "/v1.41/volumes/cache-shop"),
        Request("DELETE", "/v1.41/images/dokku-cache-helper:x"),
        Request("POST", "/v1.41/images/create?fromImage=busybox"),
        Request("POST", "/v1.41/volumes/create", "{}"),
        create(labels={}),
        create(Mounts=[{"ReadOnly": True}, {"ReadOnly": False}]),
        create(Mounts=[{}]),
        create(Binds=["/:/x"]),
        create(VolumesFrom=["other"]),
        create(Privileged=True),
        Request("POST", "/v1.41/containers/create"),
        Request("PUT", "/v1.41/containers/json"),
    ],
    ids=lambda request: f"{request.method} {request.path_url} {request.body}",
)
def test_it_never_asks_for_what_changes_something(api: Api, request_: Request) -> None:
    with pytest.raises(RuntimeError, match=f"a read-only command sent {request_.method}"):
        api.send(request_)
    assert api.sent == []


def test_a_helper_that_only_reads_may_be_made_and_is_the_only_container_that_may_be_removed(api: Api) -> None:
    ours = [
        Request("POST", "/v1.41/images/create?fromSrc=-&repo=dokku-cache-helper"),
        create(),
        Request("POST", f"/v1.41/containers/{OURS}/attach?stream=1"),
        Request("POST", f"/v1.41/containers/{OURS}/start"),
        Request("DELETE", f"/v1.41/containers/{OURS}?force=True&v=True"),
    ]
    for request in ours:
        api.send(request)
    assert len(api.sent) == len(ours)
    for verb in ("kill", "exec", "stop", "rename", "update"):
        with pytest.raises(RuntimeError):
            api.send(Request("POST", f"/v1.41/containers/{OURS}/{verb}"))


class Looked(Exception):
    """The engine was told that it is only looked at."""


class Untouched:
    """An engine that has not been asked anything yet."""

    def only_look(self) -> None:
        raise Looked


@pytest.mark.parametrize(("action", "arguments"), LOOKS)
def test_each_action_that_only_looks_says_so_before_it_asks_for_anything(action: Any, arguments: list[str]) -> None:
    nowhere = DokkuEnvironment("/nowhere", "/nowhere", "/nowhere", "/nowhere", "/nowhere")
    with pytest.raises(Looked):
        action.run(Context(nowhere, Console(is_quiet=True), Untouched()), arguments)
