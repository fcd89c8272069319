"""What the engine's answers mean."""

from typing import Any

import pytest

from dokku_cache.engine import usage
from dokku_cache.engine.client import Engine
from dokku_cache.engine.labels import DOKKU, for_helper
from dokku_cache.evidence.by_app import Usages
from dokku_cache.evidence.paths import CachePaths
from dokku_cache.legacy.proof import Usage
from dokku_cache.model.location import Entry, Location
from dokku_cache.tree.handles import Identity

PATHS = CachePaths([Location("shop", "/r/shop/cache"), Location("blog", "/r/blog/cache")], "/r")


class Restarting(Engine):
    """An engine that is asked for nothing but restart policies."""

    def __init__(self, *, restarts: bool = False) -> None:
        super().__init__("")
        self._restarts = restarts

    def restarts(self, container_id: str) -> bool:
        return self._restarts


def uses(containers: list[Any], app: str = "shop", engine: Engine | None = None) -> Usage:
    usages = Usages()
    usage.add_containers(usages, containers, PATHS, engine or Restarting())
    return usages.of_cache(app)


def container(source: str, **more: object) -> dict[str, Any]:
    mounts = [{"Source": source, "Destination": "/cache"}]
    return {"Id": "0" * 64, "Names": ["/shop.web.1"], "State": "running", "Mounts": mounts, **more}


def build(**more: object) -> dict[str, Any]:
    """What Dokku 0.20.4 leaves of a build."""
    mount = {"Type": "bind", "Source": "/r/shop/cache", "Destination": "/cache"}
    labels = {**DOKKU, "com.dokku.app-name": "shop"}
    return {
        "Id": "b" * 64,
        "Names": ["/happy_gates"],
        "State": "exited",
        "Command": "/build",
        "Labels": labels,
        "Mounts": [mount],
        **more,
    }


def test_a_mount_of_it_is_told_with_name_place_state_and_id() -> None:
    expected = ("container shop.web.1 mounts it at /cache (running, 000000000000)",)
    assert uses([container("/r/shop/cache")]).uses == expected
    assert uses([container("/r/shop/cache")], "blog").is_none


def test_a_mount_of_the_apps_directory_is_a_use_and_one_above_it_is_none() -> None:
    assert uses([container("/r/shop")]).uses == (
        "container shop.web.1 mounts the app's directory at /cache (running, 000000000000)",
    )
    assert uses([container("/r"), container("/"), container("/r/shop/tls")]).is_none


@pytest.mark.parametrize(
    ("more", "remedy"),
    [
        ({"State": "exited"}, "'docker rm 000000000000'"),
        ({"State": "created"}, "does not run"),
        ({"State": "dead"}, "a restart of Docker takes it away"),
        ({"State": "removing"}, "a restart of Docker takes it away"),
        (
            {"State": "exited", "Labels": {**DOKKU, "com.dokku.app-name": "blog"}},
            "'dokku cleanup blog' or 'docker rm",
        ),
        ({"Labels": {**DOKKU, "com.dokku.app-name": "blog"}}, "options of blog"),
        ({}, "'docker rm --force 000000000000'"),
    ],
)
def test_it_says_which_command_ends_the_use(more: dict[str, Any], remedy: str) -> None:
    assert remedy in uses([container("/r/shop/cache", **more)]).remedies[0]


def test_the_plugins_own_helper_is_no_user() -> None:
    assert uses([container("/r/shop/cache", Labels=for_helper("shop"))]).is_none


def test_an_ended_build_of_the_app_is_no_user() -> None:
    assert uses([build()]).is_none
    later = {**DOKKU, "com.dokku.app-name": "shop", "com.dokku.image-stage": "build"}
    assert uses([build(Labels=later)]).is_none


@pytest.mark.parametrize(
    "more",
    [
        {"State": "running"},
        {"State": "created"},
        {"State": "dead"},
        {"State": "paused"},
        {"Command": "/bin/bash -c /build"},
        {"Command": "/start web"},
        {"Labels": {"com.dokku.app-name": "shop"}},
        {"Labels": {**DOKKU}},
        {"Labels": {**DOKKU, "com.dokku.app-name": "blog"}},
        {"Labels": None},
        {"Mounts": [{"Type": "bind", "Source": "/r/shop/cache", "Destination": "/data"}]},
        {"Mounts": [{"Type": "bind", "Source": "/r/shop", "Destination": "/cache"}]},
        {"Mounts": [{"Type": "volume", "Source": "/r/shop/cache", "Destination": "/cache"}]},
    ],
)
def test_anything_less_than_such_a_build_is_one(more: dict[str, Any]) -> None:
    assert uses([build(**more)]).uses


def test_a_build_that_the_engine_would_start_again_is_one() -> None:
    assert uses([build()], engine=Restarting(restarts=True)).uses


def test_answers_with_holes_are_understood() -> None:
    strange = [
        {"Id": "1" * 64, "Names": None, "Mounts": [{"Source": "/r/shop/cache"}]},
        {"Id": "2" * 64, "Mounts": None, "Labels": None},
        {"Id": "3" * 64, "Mounts": [{"Type": "tmpfs", "Destination": "/x"}]},
    ]
    expected = ("container 111111111111 mounts it at ? (in an unknown state, 111111111111)",)
    assert uses(strange).uses == expected


def test_a_volume_that_is_another_name_of_it_uses_it() -> None:
    volumes = [
        {"Name": "bound", "Options": {"type": "none", "o": "bind", "device": "/r/shop/cache/x"}},
        {"Name": "plain", "Options": None},
        {"Name": "disk", "Options": {"type": "ext4", "device": "/dev/sda1"}},
    ]
    usages = Usages()
    usage.add_volumes(usages, volumes, PATHS)
    assert usages.of_cache("shop").uses == ("volume bound is bound to it",)


def test_containers_are_found_by_the_volumes_that_they_mount() -> None:
    containers = [
        {"Names": ["/a"], "Mounts": [{"Type": "volume", "Name": "v"}, {"Type": "bind", "Source": "/x"}]},
        {"Names": ["/b"], "Mounts": [{"Type": "volume", "Name": "v"}, {"Type": "volume", "Name": "w"}]},
        {"Names": ["/c"], "Mounts": None},
    ]
    assert usage.containers_by_volume(containers) == {"v": ("a", "b"), "w": ("b",)}


def test_an_app_with_a_container_or_an_image_is_proven_by_its_label_and_hinted_at_by_its_name() -> None:
    containers = [
        {"Names": ["/anything"], "Labels": {"com.dokku.app-name": "labelled"}},
        {"Names": ["/named.web.1"], "Labels": None},
        {"Names": ["/helper"], "Labels": for_helper("helped")},
        {"Names": ["/postgres"], "Labels": {}},
    ]
    assert list(map(set, usage.signs_of_containers(containers))) == [{"labelled"}, {"named"}]
    images = [
        {"RepoTags": ["dokku/shop:latest", "other:1"], "Labels": {"com.dokku.app-name": "shop"}},
        {"RepoTags": None},
        {"RepoTags": ["dokku/letsencrypt:0.1.0"], "Labels": None},
    ]
    assert list(map(set, usage.signs_of_images(images))) == [{"shop"}, {"shop", "letsencrypt"}]


def test_trash_is_meant_by_the_name_of_the_cache_in_a_container_that_was_made_before_it_was_renamed() -> None:
    trash = Entry(".dokku-cache-trash.0", Identity(1, 2), changed=1000.0)
    paths = CachePaths([Location("shop", "/r/shop/cache", None, (trash,))], "/r")
    for created, is_meant in ((999, True), (1000, True), (1001, False), (None, True)):
        usages = Usages()
        usage.add_containers(usages, [container("/r/shop/cache", Created=created)], paths, Restarting())
        assert bool(usages.of_trash("shop").uses) is is_meant
        assert usages.of_cache("shop").uses


@pytest.mark.parametrize(
    "options",
    [
        {"type": "overlay", "device": "overlay", "o": "lowerdir=/r/shop/cache,upperdir=/u,workdir=/w"},
        {"type": "overlay", "o": "lowerdir=/a:/r/shop/cache/x:/b"},
        {"mountpoint": "/r/shop/cache"},
    ],
)
def test_a_volume_may_name_it_in_any_option(options: dict[str, str]) -> None:
    usages = Usages()
    usage.add_volumes(usages, [{"Name": "v", "Options": options}], PATHS)
    assert usages.of_cache("shop").uses
