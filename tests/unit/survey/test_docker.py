"""References from Docker: containers, volumes and services."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.engine import client
from dokku_cache.model.errors import Unknown
from dokku_cache.model.location import Reference, References
from dokku_cache.model.state import ReasonCode
from dokku_cache.survey.docker import add_containers, check_engine, services_of_volumes, users_of_volumes
from dokku_cache.survey.host import add_mounts
from dokku_cache.survey.locations import Locations, Query, Source

from .conftest import Server

Make = Callable[..., dict[str, Any]]
OF_DOKKU = {**client.DOKKU, "com.dokku.app-name": "shop"}


def test_a_container_that_mounts_the_cache_is_a_use(server: Server, container: Make) -> None:
    server.engine.container_list = [container(server.cache() / "gems")]
    (use,) = server.references().uses
    assert use.code is ReasonCode.MOUNTED_BY_CONTAINER
    assert use.text == "container db mounts it at /data (running)"
    assert "docker rm --force db" in use.hint
    assert not server.references("other")


def test_a_container_that_mounts_the_app_directory_is_a_use(server: Server, container: Make) -> None:
    server.engine.container_list = [container(server.cache().parent)]
    assert "its app directory" in server.references().text


def test_the_helper_is_no_use_and_a_container_from_its_image_is_one(server: Server, container: Make) -> None:
    helper = {client.HELPER: client.CONTAINER}
    server.engine.container_list = [container(server.cache(), at=client.MOUNT_POINT, Labels=helper)]
    assert not server.references()
    # An image can have the label too.
    server.engine.container_list = [container(server.cache(), Labels=helper)]
    assert server.references().uses
    inherited = {**client.DOKKU, client.HELPER: client.IMAGE}
    server.engine.container_list = [container(server.cache(), Labels=inherited)]
    assert server.references().uses


def test_an_engine_without_its_data_is_unknown_for_all(server: Server, container: Make) -> None:
    file = server.write(f"{server.environment.root}/blog/CONTAINER.web.1", f"{'a' * 64}\n")
    server.engine.container_list = [container("/srv", Id="b" * 64)]
    for app in ("shop", "other"):
        (unknown,) = server.references(app).unknown
        assert unknown.code is ReasonCode.DOCKER_UNAVAILABLE
    server.engine.container_list = [container("/srv", Id="a" * 64)]
    assert not server.references()
    server.engine.container_list = []
    file.write_text("")
    assert not server.references()


def test_an_unreadable_container_record_is_unknown_unless_another_one_is_found(
    server: Server, container: Make
) -> None:
    Path(server.environment.root, "secret/CONTAINER.web.1").mkdir(parents=True)
    (unknown,) = server.references().unknown
    assert "CONTAINER.web.1" in unknown.text
    assert "secret" not in server.references().seen_by(["shop"]).text
    server.write(f"{server.environment.root}/blog/CONTAINER.web.1", f"{'a' * 64}\n")
    server.engine.container_list = [container("/srv", Id="a" * 64)]
    assert not server.references()


@pytest.mark.parametrize("source", [add_containers, add_mounts])
def test_a_recheck_lists_the_containers_again_whatever_comes_first(server: Server, source: Source) -> None:
    asked: list[bool] = []
    server.engine.containers = lambda *, refresh=False: asked.append(refresh) or []
    for recheck in (True, False):
        query = Query(server.environment, server.engine, Locations([], "/", "/"), recheck)
        query.ask([source, check_engine])
    assert asked == [True, False]


BUILD = {"State": "exited", "Command": "/build", "Labels": OF_DOKKU}
CHANGES: list[dict[str, Any]] = [
    {"State": "running"},
    {"State": "created"},
    {"Command": "/bin/bash -c /build"},
    {"Labels": {"com.dokku.app-name": "shop"}},
    {"Labels": {**OF_DOKKU, "com.dokku.app-name": "blog"}},
    {"Labels": None},
]


def build(server: Server, container: Make, **changes: Any) -> dict[str, Any]:
    mount = {"Type": "bind", "Source": str(server.cache()), "Destination": "/cache"}
    return {**container(""), "Mounts": [mount], **BUILD, **changes}


def test_an_ended_build_of_the_app_is_no_use(server: Server, container: Make) -> None:
    server.engine.container_list = [build(server, container)]
    assert not server.references()
    server.engine.restarting = True
    assert server.references().uses


@pytest.mark.parametrize("changes", CHANGES)
def test_anything_else_than_an_ended_build_is_a_use(server: Server, container: Make, changes: dict[str, Any]) -> None:
    server.engine.container_list = [build(server, container, **changes)]
    assert server.references().uses


def test_a_build_whose_mount_has_no_type_is_a_use(server: Server, container: Make) -> None:
    ended = build(server, container)
    del ended["Mounts"][0]["Type"]
    server.engine.container_list = [ended]
    assert server.references().uses


@pytest.mark.parametrize("option", ["{}", "lowerdir=/a:{}/x,upperdir=/b"])
def test_a_volume_with_the_path_in_an_option_is_a_use(server: Server, option: str) -> None:
    server.engine.volume_list = [{"Name": "data", "Options": {"device": option.format(server.cache())}}]
    (use,) = server.references().uses
    assert use.code is ReasonCode.BOUND_BY_VOLUME
    assert not server.references("other")


def service(mount: dict[str, Any]) -> dict[str, Any]:
    container = {"Mounts": [mount]}
    return {
        "Spec": {"Name": "web", "Mode": {"Replicated": {"Replicas": 0}}, "TaskTemplate": {"ContainerSpec": container}}
    }


def test_a_service_without_replicas_that_mounts_the_cache_is_a_use(server: Server) -> None:
    server.engine.service_list = [service({"Type": "bind", "Source": str(server.cache()), "Target": "/x"})]
    assert "Swarm service web" in server.references().text
    options = {"DriverConfig": {"Options": {"o": "bind", "device": str(server.cache())}}}
    server.engine.service_list = [
        service({"Type": "volume", "Source": "v", "Target": "/x", "VolumeOptions": options})
    ]
    assert "Swarm service web" in server.references().text
    assert services_of_volumes(server.engine, refresh=False) == {"v": ("web",)}


def test_services_that_cannot_be_listed_are_unknown(server: Server) -> None:
    server.engine.service_list = Unknown("this server is a worker", "run it on a manager")
    (unknown,) = server.references().unknown
    assert unknown.code is ReasonCode.DOCKER_UNAVAILABLE


def test_containers_by_the_volumes_that_they_mount(server: Server) -> None:
    mounts = [{"Type": "volume", "Name": "v"}, {"Type": "bind", "Source": "/x"}]
    server.engine.container_list = [{"Names": ["/a"], "Mounts": mounts}, {"Names": ["/b"], "Mounts": None}]
    assert users_of_volumes(server.engine, refresh=False) == {"v": ("a",)}


def test_a_container_of_another_app_is_not_named(server: Server, container: Make) -> None:
    server.engine.container_list = [container(server.cache(), Names=["/secret.web.1"])]
    assert "secret" in server.references().text
    seen = server.references().seen_by(["shop"])
    assert "secret" not in f"{seen.text} {seen.hint}"
    assert len(seen.uses) == 1
    assert server.references().seen_by(["secret"]) == server.references()


def test_what_is_unknown_about_another_app_is_not_named() -> None:
    unknown = tuple(Reference(ReasonCode.UNREADABLE, f"file of {app}", "see it", app) for app in ("secret", "shop"))
    seen = References((), unknown).seen_by(["shop"])
    assert "secret" not in f"{seen.text} {seen.hint}"
    assert [source.app for source in seen.unknown] == ["", "shop"]
    assert "shop" in seen.unknown[1].text
