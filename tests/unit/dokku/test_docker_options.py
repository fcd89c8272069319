"""Options that name the cache."""

import pytest

from dokku_cache.dokku import docker_options
from dokku_cache.errors import Unestablished
from dokku_cache.legacy.cache_path import CachePath
from dokku_cache.legacy.sighting import Sighting

CACHE = CachePath(Sighting("shop", "/r/shop/cache"), "/r", "/r")


@pytest.mark.parametrize(
    "printed",
    [
        " -v /r/shop/cache:/cache",
        "--volume=/r/shop/cache/x:/x:ro",
        "--mount type=bind,source=/r/shop/cache,target=/x",
        "--mount 'type=bind,src=/r/shop/cache/a b,dst=/x'",
        "-v '/r/shop/cache:/cache",
        "--env 'DIR=see /r/shop/cache'",
    ],
)
def test_an_option_that_names_it_is_found(printed: str) -> None:
    assert docker_options.naming(printed, CACHE)


@pytest.mark.parametrize(
    "printed", ["", "-v /r/shop:/app", "-v /r/shop/cache2:/x", "-v cache:/cache", "--restart=on-failure:10"]
)
def test_other_options_are_not(printed: str) -> None:
    assert docker_options.naming(printed, CACHE) == []


def test_a_trigger_that_fails_leaves_it_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, *_: str, **__: object) -> str:
        if name == "docker-args-run":
            raise Unestablished("it failed")
        return "-v /r/shop/cache:/x"

    monkeypatch.setattr("dokku_cache.dokku.plugn.trigger", fail)
    found = docker_options.usage("shop", CACHE)
    assert len(found.uses) == 1
    assert found.unknown == ("its docker options cannot be read (it failed)",)
