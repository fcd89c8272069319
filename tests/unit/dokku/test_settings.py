"""Which settings tell of an app."""

from pathlib import Path

import pytest

from dokku_cache.dokku import settings
from dokku_cache.dokku.environment import DokkuEnvironment


def write(environment: DokkuEnvironment, place: str, value: str) -> None:
    file = Path(environment.lib_root, "config", place)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(value)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("ps/shop/scale", "web=1"),
        ("common/shop/deployed", "true"),
        ("ports/shop/map", "http:80:5000"),
        ("git/shop/source-image", "x"),
        ("shop/ENV", "SECRET='x'\n"),
        ("docker-options/shop/_default_.deploy", "-v /a:/b\n"),
        ("storage/shop/mounts", "{}"),
        ("domains/shop/anything", ""),
    ],
)
def test_what_a_person_has_set_tells_of_an_app(environment: DokkuEnvironment, place: str, value: str) -> None:
    write(environment, place, value)
    made, others = settings.of_app(environment, "shop")
    assert made + others == [f"{environment.lib_root}/config/{place}"]
    # The rest may be some plugin's mark on each directory that Dokku lists.
    assert bool(made) is (place in {"ps/shop/scale", "common/shop/deployed"})
    assert settings.of_app(environment, "other") == ([], [])


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("apps/shop/created-at", "1700000000"),
        ("common/shop/deployed", "false"),
        ("network/shop/bind-all-interfaces", "false"),
        ("ports/shop/map", ""),
        ("config/shop/env-migrated", "true"),
        ("docker-options/shop/_default_.deploy", "--restart=on-failure:10\n"),
        ("docker-options/shop/migrated-deploy", "true"),
        ("shop/ENV", "NO_VHOST='1'\n"),
        ("cache/shop/auto-purge", "false"),
        ("caddy/shop/x", "left by destroy"),
    ],
)
def test_what_install_writes_everywhere_or_destroy_leaves_does_not(
    environment: DokkuEnvironment, place: str, value: str
) -> None:
    write(environment, place, value)
    assert settings.of_app(environment, "shop") == ([], [])
