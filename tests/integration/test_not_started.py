"""An engine that cannot begin to delete, or would delete elsewhere: nothing is lost, and nothing stays renamed."""

from dataclasses import replace

import pytest

from .calling import call, list_apps
from .conftest import Server, give, manifest


@pytest.fixture
def other_tree(server: Server) -> Server:
    """Another tree of the same names where the engine looks: a wrong DOKKU_HOST_ROOT, or Docker from snap."""
    other = server.root.parent / "other"
    (other / "shop" / "cache" / "buildcache").mkdir(parents=True)
    (other / "shop" / "cache" / "buildcache" / "somebody's").write_text("data")
    give(other, 32767)
    list_apps(server, "shop")
    return Server(replace(server.environment, host_root=str(other)), server.root)


def purge(server: Server) -> tuple[int, str]:
    done = call(server, "purge-legacy", "shop", variables={"DOKKU_HOST_ROOT": server.environment.host_root})
    return done.returncode, done.stderr


def test_another_tree_at_the_hosts_path_is_never_touched(server: Server, other_tree: Server) -> None:
    server.make_cache("shop")
    other = server.root.parent / "other"
    before, elsewhere = manifest(server.root), manifest(other)
    code, said = purge(other_tree)
    assert code == 1
    assert "DOKKU_HOST_ROOT" in said
    assert manifest(server.root) == before
    assert manifest(other) == elsewhere


def test_a_directory_of_the_very_name_is_told_from_the_trash(server: Server, other_tree: Server) -> None:
    cache = server.make_cache("shop")
    # The whole of another server at that path, its trash too: only the identity tells them apart.
    trash = ".dokku-cache-trash.0123456789abcdef"
    cache.rename(cache.with_name(trash))
    other = server.root.parent / "other"
    (other / "shop" / trash).mkdir()
    (other / "shop" / trash / "kept").write_text("data")
    give(other, 32767)
    elsewhere = manifest(other)
    code, said = purge(other_tree)
    assert code  # 1 in a container, where the path is checked first; 3 elsewhere, as a deletion goes on
    assert "DOKKU_HOST_ROOT" in said
    assert manifest(other) == elsewhere
    assert (cache.with_name(trash) / "buildcache").is_dir()
