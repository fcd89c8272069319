"""Low disk space, and where Docker keeps its data."""

from pathlib import Path

import pytest

from dokku_cache.actions import free_space
from dokku_cache.actions.low_disk import describe
from dokku_cache.dokku import policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.tree.mounts import FileSystem

BLOCK = 4096


def file_system(blocks: int, free: int, inodes: int | None = 1000, free_inodes: int | None = 1000) -> FileSystem:
    return FileSystem("/x", 1, blocks * BLOCK, (blocks - free) * BLOCK, free * BLOCK, inodes, free_inodes)


@pytest.mark.parametrize(
    ("min_free", "found", "is_low"),
    [
        ("5%", file_system(1000, 50), False),
        ("5%", file_system(1000, 49), True),
        ("0.5%", file_system(1000, 4), True),
        ("99.9%", file_system(1000, 999), False),
        ("5%", file_system(1000, 500, free_inodes=50), False),
        ("5%", file_system(1000, 500, free_inodes=49), True),
        ("5%", file_system(1000, 500, inodes=None, free_inodes=None), False),
        ("4K", file_system(1000, 1), False),
        ("4097 B", file_system(1000, 1), True),
        ("1B", file_system(1000, 1, free_inodes=49), True),
        ("5%", file_system(1 << 50, 1 << 49), False),
    ],
)
def test_a_disk_is_low_below_the_limit(min_free: str, found: FileSystem, *, is_low: bool) -> None:
    assert free_space.is_low(found, policy.parse_min_free(min_free)) is is_low


@pytest.mark.parametrize("min_free", ["off", "", "5 per cent", "101%", "\0\0"])
def test_without_a_valid_limit_no_disk_is_low(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch, min_free: str
) -> None:
    monkeypatch.setattr(free_space, "file_systems", lambda _: [file_system(1000, 0, free_inodes=0)])
    assert free_space.low_file_systems(environment)
    path = Path(environment.lib_root, "config/cache/--global/min-free")
    path.parent.mkdir(parents=True)
    path.write_text(min_free)
    assert free_space.low_file_systems(environment) == []


def test_space_that_appears_late_is_waited_for(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([[file_system(1000, 1)], [file_system(1000, 1)], [file_system(1000, 900)]])
    monkeypatch.setattr(free_space, "file_systems", lambda _: next(looks))
    assert free_space.wait_for_space(environment) == []
    monkeypatch.setattr(free_space, "file_systems", lambda _: [file_system(1000, 1)])
    monkeypatch.setattr(free_space, "SPACE_WAIT_SECONDS", 0.3)
    assert free_space.wait_for_space(environment)


@pytest.mark.parametrize("content", ["", "\0\0\0", "relative\n", "\x1b/x"])
def test_damaged_engine_roots_are_the_default(environment: DokkuEnvironment, content: str) -> None:
    path = Path(environment.lib_root, "data/cache", free_space.ENGINE_ROOTS)
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert free_space.engine_roots(environment) == [free_space.DEFAULT_ENGINE_ROOT]
    free_space.record_engine_roots(environment, ["/srv/docker", "/var/lib/containerd"])
    assert free_space.engine_roots(environment) == ["/srv/docker", "/var/lib/containerd"]
    free_space.record_engine_roots(environment, [])
    assert len(free_space.engine_roots(environment)) == 2


def test_every_file_system_of_docker_counts(environment: DokkuEnvironment) -> None:
    free_space.record_engine_roots(environment, [str(environment.root), "/proc", "/dev", "/nowhere"])
    assert [found.path for found in free_space.file_systems(environment)] == [environment.root, "/dev"]


def test_a_change_is_recorded_once(environment: DokkuEnvironment) -> None:
    Path(environment.lib_root, "data/cache").mkdir(parents=True)
    low = [file_system(1000, 1)]
    assert free_space.record(environment, low)
    assert not free_space.record(environment, low)
    assert free_space.record(environment, [])
    assert not free_space.record(environment, [])


def test_scarce_inodes_are_described() -> None:
    assert describe(file_system(1 << 20, 1 << 15)) == "128.0 MiB of 4.0 GiB free (3.1%) on /x"
    scarce = describe(file_system(1 << 20, 1 << 19, free_inodes=3))
    assert scarce == "2.0 GiB of 4.0 GiB free (50.0%), 3 of 1,000 inodes on /x"


def test_the_quick_check_ends_only_calls_without_work(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"DOKKU_ROOT": environment.root, "DOKKU_LIB_ROOT": environment.lib_root}
    found = [file_system(1000, 900)]
    monkeypatch.setattr(free_space, "file_systems", lambda _: found)
    assert free_space.was_and_is_enough_free(environ)
    assert not free_space.was_and_is_enough_free({})
    found[0] = file_system(1000, 1)
    assert not free_space.was_and_is_enough_free(environ)
    Path(environment.lib_root, "data/cache").mkdir(parents=True)
    free_space.record(environment, found)
    found[0] = file_system(1000, 900)
    assert not free_space.was_and_is_enough_free(environ)
