"""The connection to an engine: each question is asked once, and a failure names its cause."""

from pathlib import Path
from typing import Any

import pytest

from dokku_cache.engine import client
from dokku_cache.engine.client import CONTAINERD_STORE, Engine, guarded
from dokku_cache.model.errors import Unknown


class Api:
    """Stands in for docker.APIClient."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def containers(self, **_options: object) -> Any:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def engine(*answers: Any) -> Engine:
    made = Engine("unix:///nowhere")
    made._api = Api(*answers)
    return made


def test_a_question_is_asked_once_and_again_on_demand() -> None:
    asked = engine([{"Id": "1"}], [{"Id": "2"}])
    assert asked.containers() == asked.containers() == [{"Id": "1"}]
    assert asked.containers(refresh=True) == asked.containers() == [{"Id": "2"}]


def test_another_connection_has_the_same_limits() -> None:
    asked = engine()
    asked.wait_at_most(10)
    asked.only_read()
    other = asked.another()
    assert (other.limit_seconds, other._is_read_only) == (10, True)


@pytest.mark.parametrize(
    ("info", "is_known"),
    [
        ({"Swarm": {"LocalNodeState": "inactive"}}, True),
        ({"Swarm": {"LocalNodeState": "active"}}, False),
        ({"Swarm": {"LocalNodeState": "locked", "ControlAvailable": False}}, False),
        ({"Swarm": {}}, False),
        ({}, False),
        ([], False),
    ],
)
def test_services_are_known_only_of_a_server_outside_of_swarms(info: Any, *, is_known: bool) -> None:
    asked = engine()
    asked._api.info = lambda: info
    if is_known:
        assert asked.services() == []
    else:
        with pytest.raises(Unknown):
            asked.services()


def test_a_server_that_joins_a_swarm_is_noticed_by_a_recheck() -> None:
    asked, state = engine(), {"LocalNodeState": "inactive"}
    asked._api.info = lambda: {"Swarm": dict(state)}
    assert asked.services() == []
    state["LocalNodeState"] = "pending"
    with pytest.raises(Unknown):
        asked.services(refresh=True)


@pytest.mark.parametrize(
    ("policy", "may_restart"),
    [({"Name": "no"}, False), ({"Name": ""}, False), ({"Name": "always"}, True), ({}, True)],
)
def test_a_container_without_a_known_policy_may_restart(policy: dict[str, str], *, may_restart: bool) -> None:
    asked = engine()
    asked._api.inspect_container = lambda _: {"HostConfig": {"RestartPolicy": policy}}
    assert asked.restarts("1") is may_restart


def test_the_time_limit_is_waited_for_once() -> None:
    """A list of many apps would else wait the whole time limit for each."""
    asked = engine(OSError(110, "Connection timed out"), [])
    for _ in range(3):
        with pytest.raises(Unknown, match=r"Docker did not respond \(Connection timed out\)"):
            asked.containers()
    assert asked.containers(refresh=True) == []


@pytest.mark.parametrize(
    ("info", "roots"),
    [
        (
            {"DockerRootDir": "/var/lib/docker", "DriverStatus": [["Backing Filesystem", "extfs"]]},
            ["/var/lib/docker"],
        ),
        (
            {"DockerRootDir": "/srv/docker", "DriverStatus": [["driver-type", CONTAINERD_STORE]]},
            ["/srv/docker", "/var/lib/containerd"],
        ),
        (
            {
                "DockerRootDir": "/srv/docker",
                "DriverStatus": [["driver-type", CONTAINERD_STORE]],
                "Containerd": {"Address": "/var/run/docker/containerd/containerd.sock"},
            },
            ["/srv/docker", "/srv/docker/containerd/daemon"],
        ),
        ({"DriverStatus": None}, []),
        ([], []),
    ],
)
def test_the_image_store_of_containerd_is_a_root_of_its_own(
    info: Any, roots: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "CONTAINERD_SETTINGS", "/nowhere")
    asked = engine()
    asked._api.info = lambda: info
    assert asked.data_roots() == roots


@pytest.mark.parametrize(
    ("settings", "root"),
    [('version = 2\nroot = "/mnt/containerd"\n', "/mnt/containerd"), ("#root = '/x'\n", "/var/lib/containerd")],
)
def test_the_settings_of_containerd_name_its_root(
    settings: str, root: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text(settings)
    monkeypatch.setattr(client, "CONTAINERD_SETTINGS", str(tmp_path / "config.toml"))
    asked = engine()
    asked._api.info = lambda: {"DockerRootDir": "/d", "DriverStatus": [["driver-type", CONTAINERD_STORE]]}
    assert asked.data_roots() == ["/d", root]


def test_a_suppressed_cause_is_not_reported() -> None:
    """Found with urllib3, which tries one way to ask, and hides that when the other fails."""

    def ask() -> None:
        try:
            raise TypeError("unexpected keyword argument 'buffering'")
        except TypeError:
            raise OSError("timed out") from None

    with pytest.raises(Unknown, match=r"^Docker did not respond \(timed out\)$"):
        guarded(ask)


def test_another_connection_of_who_only_is_read_only_looks_too() -> None:
    engine = Engine("unix:///nowhere.sock")
    engine.only_read()
    assert engine.another()._is_read_only
