"""What Dokku passes in the environment."""

import pytest

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import CacheError


def test_the_hosts_root_is_the_root_unless_set() -> None:
    assert DokkuEnvironment.read({"DOKKU_ROOT": "/home/dokku/"}).host_root == "/home/dokku"
    inside = DokkuEnvironment.read({"DOKKU_ROOT": "/home/dokku", "DOKKU_HOST_ROOT": "/var/lib/dokku/home"})
    assert (inside.root, inside.host_root) == ("/home/dokku", "/var/lib/dokku/home")


@pytest.mark.parametrize("environ", [{}, {"DOKKU_ROOT": ""}, {"DOKKU_ROOT": "home/dokku"}])
def test_a_missing_root_is_an_error(environ: dict[str, str]) -> None:
    with pytest.raises(CacheError, match="DOKKU_ROOT"):
        DokkuEnvironment.read(environ)


def test_flags_are_read() -> None:
    flags = {"DOKKU_QUIET_OUTPUT": "1", "DOKKU_APPS_FORCE_DELETE": "1", "DOKKU_APP_NAME": "shop"}
    found = DokkuEnvironment.read({"DOKKU_ROOT": "/r", **flags})
    assert (found.is_quiet, found.is_forced, found.flagged_app) == (True, True, "shop")
