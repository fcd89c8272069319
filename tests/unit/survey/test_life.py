"""Signs that an app exists."""

import pytest

from dokku_cache.engine.client import CONTAINER, HELPER
from dokku_cache.model.errors import Unknown
from dokku_cache.model.location import References
from dokku_cache.survey.references import collect_life

from .conftest import Answers, Json, Server


def life(server: Server, app: str = "shop") -> References:
    return collect_life(server.environment, server.engine, [app], recheck=False)[app]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("ps/shop/scale", "web=1"),
        ("common/shop/deployed", "true"),
        ("ports/shop/map", "http:80:5000"),
        ("shop/ENV", "SECRET='x'\n"),
        ("docker-options/shop/_default_.deploy", "-v /a:/b\n"),
        ("storage/shop/mounts", "{}"),
    ],
)
def test_a_setting_is_a_sign_of_life(server: Server, place: str, value: str) -> None:
    server.write(f"{server.environment.lib_root}/config/{place}", value)
    (sign,) = life(server).uses
    assert place in sign.text
    assert not life(server, "other")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("apps/shop/created-at", "1700000000"),
        ("common/shop/deployed", "false"),
        ("ports/shop/map", ""),
        ("docker-options/shop/_default_.deploy", "--restart=on-failure:10\n"),
        ("docker-options/shop/migrated-deploy", "true"),
        ("shop/ENV", "NO_VHOST='1'\n"),
        ("cache/shop/auto-purge", "false"),
        ("caddy/shop/x", "left by destroy"),
    ],
)
def test_files_of_install_and_leftovers_of_destroy_are_no_sign(server: Server, place: str, value: str) -> None:
    server.write(f"{server.environment.lib_root}/config/{place}", value)
    assert not life(server)


def test_an_image_and_a_container_are_signs(server: Server) -> None:
    server.engine.image_list = [{"RepoTags": ["dokku/shop:latest"], "Labels": None}]
    assert life(server).uses
    server.engine.image_list = [{"RepoTags": ["x:1"], "Labels": {"com.dokku.app-name": "shop"}}]
    assert life(server).uses
    server.engine.image_list = []
    server.engine.container_list = [{"Names": ["/shop.web.1"], "Labels": None}]
    assert life(server).uses
    server.engine.container_list = [{"Names": ["/x"], "Labels": {HELPER: CONTAINER}}, {"Names": ["/postgres"]}]
    assert not life(server)


def test_without_docker_the_app_is_unknown(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Answers, *, refresh: bool = False) -> list[Json]:
        raise Unknown("Docker did not respond")

    monkeypatch.setattr(Answers, "containers", fail)
    assert server.references().unknown == life(server).unknown


@pytest.mark.parametrize(
    ("state", "label", "is_alive"),
    [
        ("created", "1.0 --label=org.label-schema.vendor=dokku --label=dokku", False),
        ("exited", "1.0 --label=org.label-schema.vendor=dokku --label=dokku", True),
        ("created", "1.0", True),
    ],
)
def test_a_container_that_dokku_only_copied_a_file_from_is_no_sign(
    server: Server, state: str, label: str, *, is_alive: bool
) -> None:
    labels = {"com.dokku.app-name": "shop", "org.label-schema.schema-version": label}
    server.engine.container_list = [{"Names": ["/sharp_keldysh"], "State": state, "Labels": labels}]
    assert bool(life(server).uses) is is_alive
