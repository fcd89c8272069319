"""Low disk space, and where Docker keeps its data."""

from pathlib import Path

import pytest

from dokku_cache.actions.low_disk import describe
from dokku_cache.automatic import low_disk
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
    assert low_disk.is_low(found, policy.parse_min_free(min_free)) is is_low


@pytest.mark.parametrize("min_free", ["off", "", "5 per cent", "101%", "\0\0"])
def test_without_a_valid_limit_no_disk_is_low(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch, min_free: str
) -> None:
    monkeypatch.setattr(low_disk, "file_systems", lambda _: [file_system(1000, 0, free_inodes=0)])
    assert low_disk.low_file_systems(environment)
    path = Path(environment.lib_root, "config/cache/--global/min-free")
    path.parent.mkdir(parents=True)
    path.write_text(min_free)
    assert low_disk.low_file_systems(environment) == []


def test_space_that_appears_late_is_waited_for(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([[file_system(1000, 1)], [file_system(1000, 1)], [file_system(1000, 900)]])
    monkeypatch.setattr(low_disk, "file_systems", lambda _: next(looks))
    assert low_disk.wait_for_space(environment) == []
    monkeypatch.setattr(low_disk, "file_systems", lambda _: [file_system(1000, 1)])
    monkeypatch.setattr(low_disk, "SPACE_WAIT_SECONDS", 0.3)
    assert low_disk.wait_for_space(environment)


@pytest.mark.parametrize("content", ["", "\0\0\0", "relative\n", "\x1b/x"])
def test_damaged_engine_roots_are_the_default(environment: DokkuEnvironment, content: str) -> None:
    path = Path(environment.lib_root, "data/cache", low_disk.ENGINE_ROOTS)
    path.parent.mkdir(parents=True)
    path.write_text(content)
    assert low_disk.engine_roots(environment) == [low_disk.DEFAULT_ENGINE_ROOT]
    low_disk.record_engine_roots(environment, ["/srv/docker", "/var/lib/containerd"])
    assert low_disk.engine_roots(environment) == ["/srv/docker", "/var/lib/containerd"]
    low_disk.record_engine_roots(environment, [])
    assert len(low_disk.engine_roots(environment)) == 2


def test_every_file_system_of_docker_counts(environment: DokkuEnvironment) -> None:
    low_disk.record_engine_roots(environment, [str(environment.root), "/proc", "/dev", "/nowhere"])
    assert [found.path for found in low_disk.file_systems(environment)] == [environment.root, "/dev"]


def test_a_change_is_recorded_once(environment: DokkuEnvironment) -> None:
    Path(environment.lib_root, "data/cache").mkdir(parents=True)
    low = [file_system(1000, 1)]
    assert low_disk.record(environment, low)
    assert not low_disk.record(environment, low)
    assert low_disk.record(environment, [])
    assert not low_disk.record(environment, [])


def test_scarce_inodes_are_described() -> None:
    assert describe(file_system(1 << 20, 1 << 15)) == "128.0 MiB of 4.0 GiB free (3.1 %) on /x"
    scarce = describe(file_system(1 << 20, 1 << 19, free_inodes=3))
    assert scarce == "2.0 GiB of 4.0 GiB free (50.0 %), 3 of 1,000 inodes on /x"


def test_the_quick_check_ends_only_calls_without_work(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"DOKKU_ROOT": environment.root, "DOKKU_LIB_ROOT": environment.lib_root}
    found = [file_system(1000, 900)]
    monkeypatch.setattr(low_disk, "file_systems", lambda _: found)
    assert low_disk.was_and_is_enough_free(environ)
    assert not low_disk.was_and_is_enough_free({})
    found[0] = file_system(1000, 1)
    assert not low_disk.was_and_is_enough_free(environ)
    Path(environment.lib_root, "data/cache").mkdir(parents=True)
    low_disk.record(environment, found)
    found[0] = file_system(1000, 900)
    assert not low_disk.was_and_is_enough_free(environ)
