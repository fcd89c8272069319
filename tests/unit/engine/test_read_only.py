"""Read-only commands cannot change anything in Docker."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from dokku_cache.actions import cli
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Limits
from dokku_cache.output.console import Console
from dokku_cache.survey.context import Context

READ_ONLY = [
    ("list", []),
    ("report", ["shop"]),
    ("report", ["--global"]),
    ("history", []),
    ("dokku-report", []),
    ("purge-legacy", ["shop", "--dry-run"]),
    ("purge-legacy", ["--all", "--dry-run"]),
    ("purge-volumes", ["shop", "--dry-run"]),
    ("purge-volumes", ["--orphaned", "--dry-run"]),
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


class Client:
    def __init__(self) -> None:
        self.sent: list[str] = []
        self._limits = Limits(is_read_only=True)

    def send(self, request: Request) -> None:
        self._limits.send(self._send, request, {})

    def _send(self, request: Request) -> Answer:
        self.sent.append(f"{request.method} {request.path_url}")
        return Answer()


def create(labels: dict[str, str] = HELPER, **config: Any) -> Request:
    body = {"Labels": labels, "HostConfig": {"Mounts": [{"ReadOnly": True}], **config}}
    return Request("POST", "/v1.41/containers/create", json.dumps(body))


@pytest.mark.parametrize("path", ["/v1.41/containers/json?all=1", "/version", "/v1.44/system/df?type=volume"])
def test_every_read_is_allowed(path: str) -> None:
    client = Client()
    client.send(Request("GET", path))
    assert client.sent == [f"GET {path}"]


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
def test_a_request_that_changes_something_is_a_defect(request_: Request) -> None:
    client = Client()
    with pytest.raises(RuntimeError, match=f"a read-only command sent {request_.method}"):
        client.send(request_)
    assert client.sent == []


def test_only_helper_containers_that_scan_may_be_created_and_removed() -> None:
    client = Client()
    ours = [
        Request("POST", "/v1.41/images/create?fromSrc=-&repo=dokku-cache-helper"),
        create(),
        Request("POST", f"/v1.41/containers/{OURS}/attach?stream=1"),
        Request("POST", f"/v1.41/containers/{OURS}/start"),
        Request("DELETE", f"/v1.41/containers/{OURS}?force=True&v=True"),
    ]
    for request in ours:
        client.send(request)
    assert len(client.sent) == len(ours)
    for verb in ("kill", "exec", "stop", "rename", "update"):
        with pytest.raises(RuntimeError):
            client.send(Request("POST", f"/v1.41/containers/{OURS}/{verb}"))


class ReadOnly(Exception):
    """The engine was made read-only."""


class UnusedEngine:
    """An engine without any other method."""

    def only_read(self) -> None:
        raise ReadOnly


@pytest.mark.parametrize(("action", "arguments"), READ_ONLY)
def test_a_read_only_action_says_so_before_its_first_call(action: str, arguments: list[str]) -> None:
    nowhere = DokkuEnvironment("/nowhere", "/nowhere", "/nowhere", "/nowhere", "/nowhere")
    with pytest.raises(ReadOnly):
        cli.run_action(Context(nowhere, Console(is_quiet=True), UnusedEngine()), action, arguments)
