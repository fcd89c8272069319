"""Which volumes are build caches, and of which app."""

import hashlib
from datetime import datetime, timezone
from typing import Any

import pytest

from dokku_cache.dokku.host_settings import PackKeys
from dokku_cache.model.cache import CacheVolume, Generation, Kind, Match
from dokku_cache.survey import ownership

LABELS = {"com.dokku.builder-type": "herokuish", "com.dokku.app-name": "shop"}


def find(name: str, labels: dict[str, str] | None = None, *apps: str) -> CacheVolume | None:
    found = ownership.find([{"Name": name, "Labels": labels}], apps or ("shop", "console", "test-noop"), PackKeys())
    return found[0] if found else None


def test_dokku_s_label_proves_the_app() -> None:
    assert find("cache-shop", LABELS) == CacheVolume("cache-shop", Kind.HEROKUISH, "shop", Match.LABEL)


def test_dokku_s_label_on_another_name_proves_nothing() -> None:
    assert find("cache-other", LABELS) == CacheVolume("cache-other", Kind.HEROKUISH, "other", Match.NAME)
    assert find("uploads", LABELS) is None


def test_without_a_label_the_name_gives_the_app() -> None:
    assert find("cache-shop") == CacheVolume("cache-shop", Kind.HEROKUISH, "shop", Match.NAME)
    assert find("cache-gone.app") == CacheVolume("cache-gone.app", Kind.HEROKUISH, "gone.app", Match.NAME)


@pytest.mark.parametrize(
    "name", ["shop", "cache", "cache-", "cache-Shop", "my-cache-shop", "cache-a\nb", "cache-../x"]
)
def test_other_volumes_are_not_caches(name: str) -> None:
    assert ownership.find([{"Name": name}], ["shop"], PackKeys()) == ()


@pytest.mark.parametrize("app", ["", "../etc", "a\nb", "A"])
def test_a_label_that_is_not_an_app_name_is_ignored(app: str) -> None:
    labels = {**LABELS, "com.dokku.app-name": app}
    assert find("x", labels) is None
    assert find(f"cache-{app}", labels) is None
    assert find("cache-shop", labels) == CacheVolume("cache-shop", Kind.HEROKUISH, "shop", Match.NAME)


@pytest.mark.parametrize(
    ("name", "app"),
    [
        ("pack-cache-dokku_shop_latest-0123456789ab.build", "shop"),
        ("pack-cache-dokku_shop_latest-0123456789ab.launch", "shop"),
        ("pack-cache-dokku_my.old-app_latest-0123456789ab.build", "my.old-app"),
        # pack takes apart what Windows reserves.
        ("pack-cache-dokku_c_o_nsole_latest-0123456789ab.build", "console"),
        ("pack-cache-dokku_shop.c_o_m_latest-0123456789ab.build", "shop.com"),
    ],
)
def test_the_image_in_the_name_of_a_pack_volume_gives_the_app(name: str, app: str) -> None:
    assert find(name) == CacheVolume(name, Kind.PACK, app, Match.NAME)


@pytest.mark.parametrize(
    ("apps", "app"),
    [
        # Older Dokku took underscores: pack may have taken the name apart, or it is the app's own.
        (("a_u_x",), "a_u_x"),
        (("shop", "a_u_x"), "a_u_x"),
        (("aux",), "aux"),
        ((), "aux"),
        # Pack gives both of them this name, and nothing says whose it is.
        (("a_u_x", "aux"), ""),
    ],
)
def test_an_existing_app_is_never_taken_for_a_destroyed_one(apps: tuple[str, ...], app: str) -> None:
    name = "pack-cache-dokku_a_u_x_latest-0123456789ab.build"
    assert [volume.app for volume in ownership.find([{"Name": name}], apps, PackKeys())] == [app]


def test_a_volume_of_an_older_pack_has_only_a_hash() -> None:
    """Both as buildpacks/pack#1039 shows them, for other images: the hash is sha256 of the image's full name."""
    expected = hashlib.sha256(b"index.docker.io/dokku/shop:latest").hexdigest()[:12]
    name = f"pack-cache-{expected}.build"
    assert find(name) == CacheVolume(name, Kind.PACK, "shop", Match.HASH)
    assert hashlib.sha256(b"index.docker.io/library/test-noop:latest").hexdigest()[:12] == "b07b36ffb1de"


@pytest.mark.parametrize(
    "name",
    [
        "pack-cache-library_shop_latest-0123456789ab.build",  # not an image of Dokku's
        "pack-cache-0123456789ab.launch",
        "pack-cache-dokku_shop_v2-0123456789ab.build",
        "pack-cache-dokku_BAD_latest-0123456789ab.build",
        "pack-cache-\x1b[31m",
    ],
)
def test_other_volumes_of_pack_have_no_app(name: str) -> None:
    assert find(name) == CacheVolume(name, Kind.PACK, "", Match.NONE)


IMAGE = "index.docker.io/dokku/shop:latest"
KEYS = PackKeys(by_image={IMAGE: "abc"})


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    ("name", "keys", "generation"),
    [
        (f"pack-cache-dokku_shop_latest-{digest(IMAGE + 'abc')}.build", KEYS, Generation.CURRENT),
        (f"pack-cache-dokku_shop_latest-{digest(IMAGE + 'old')}.build", KEYS, Generation.FORMER),
        (f"pack-cache-dokku_shop_latest-{digest(IMAGE)}.build", KEYS, Generation.FORMER),
        (f"pack-cache-{digest(IMAGE)}.build", KEYS, Generation.FORMER),
        # Before 0.35.0 pack had no keys.
        (f"pack-cache-dokku_shop_latest-{digest(IMAGE)}.build", PackKeys(), Generation.CURRENT),
        (f"pack-cache-dokku_shop_latest-{digest(IMAGE + 'abc')}.build", PackKeys(), Generation.UNKNOWN),
        (f"pack-cache-{digest(IMAGE)}.build", PackKeys(), Generation.UNKNOWN),
    ],
)
def test_the_key_decides_whether_a_pack_volume_is_current(name: str, keys: PackKeys, generation: Generation) -> None:
    found = ownership.find([{"Name": name}], ["shop"], keys)
    assert [(volume.app, volume.generation) for volume in found] == [("shop", generation)]


@pytest.mark.parametrize(
    ("said", "created"),
    [
        ("2026-11-25T10:00:00Z", datetime(2026, 11, 25, 10, tzinfo=timezone.utc)),
        ("2026-11-25T12:00:00+02:00", datetime(2026, 11, 25, 10, tzinfo=timezone.utc)),
        ("2026-11-25T12:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_the_creation_time_is_read(said: str | None, created: datetime | None) -> None:
    assert ownership.find([{"Name": "cache-shop", "CreatedAt": said}], [], PackKeys())[0].created == created


@pytest.mark.parametrize(
    ("more", "is_elsewhere"),
    [
        ({}, False),
        ({"Driver": "local", "Options": None}, False),
        ({"Driver": "local", "Options": {}}, False),
        ({"Driver": "nfs"}, True),
        ({"Driver": "local", "Options": {"type": "none", "o": "bind", "device": "/srv/data"}}, True),
    ],
)
@pytest.mark.parametrize("labels", [LABELS, None])
@pytest.mark.parametrize("name", ["cache-shop", "pack-cache-dokku_shop_latest-0123456789ab.build"])
def test_another_driver_or_options_are_noticed(
    more: dict[str, Any], name: str, labels: dict[str, str] | None, *, is_elsewhere: bool
) -> None:
    found = ownership.find([{"Name": name, "Labels": labels, **more}], ["shop"], PackKeys())[0]
    assert bool(found.elsewhere) is is_elsewhere


def test_a_new_volume_of_the_same_name_is_another_one() -> None:
    made = {"Name": "cache-shop", "CreatedAt": "2026-11-25T10:00:00Z"}
    volume = ownership.find([made], [], PackKeys())[0]
    assert ownership.is_same(volume, made)
    assert not ownership.is_same(volume, {**made, "CreatedAt": "2026-11-25T10:00:01Z"})
