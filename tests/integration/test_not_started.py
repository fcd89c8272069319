"""An engine that sees another directory at that path: nothing is removed, and every rename is undone."""

from dataclasses import replace

import pytest

from .calling import call
from .conftest import Server, give, manifest


@pytest.fixture
def other_tree(server: Server) -> Server:
    """Another tree with the same names at the engine's path: a wrong DOKKU_HOST_ROOT, or Docker from snap."""
    other = server.root.parent / "other"
    (other / "shop" / "cache" / "buildcache").mkdir(parents=True)
    (other / "shop" / "cache" / "buildcache" / "data").write_text("data")
    give(other, 32767)
    return Server(replace(server.environment, host_root=str(other)), server.root)


def purge(server: Server) -> tuple[int, str]:
    done = call(server, "purge-legacy", "shop", variables={"DOKKU_HOST_ROOT": server.environment.host_root})
    return done.returncode, done.stderr


def test_another_tree_at_the_hosts_path_is_never_touched(server: Server, other_tree: Server) -> None:
    server.make_cache("shop")
    other = server.root.parent / "other"
    before, elsewhere = manifest(server.root), manifest(other)
    code, printed = purge(other_tree)
    assert code == 1
    assert "DOKKU_HOST_ROOT" in printed
    assert manifest(server.root) == before
    assert manifest(other) == elsewhere


def test_another_directory_with_the_name_of_the_trash_is_never_touched(server: Server, other_tree: Server) -> None:
    cache = server.make_cache("shop")
    # The trash of another server at that path: only the identity differs.
    trash = ".dokku-cache-trash.0123456789abcdef"
    cache.rename(cache.with_name(trash))
    other = server.root.parent / "other"
    (other / "shop" / trash).mkdir()
    (other / "shop" / trash / "kept").write_text("data")
    give(other, 32767)
    elsewhere = manifest(other)
    code, printed = purge(other_tree)
    assert code  # 1 in a container, where the path is checked first; otherwise 3
    assert "DOKKU_HOST_ROOT" in printed
    assert manifest(other) == elsewhere
    assert (cache.with_name(trash) / "buildcache").is_dir()
