"""Too little room: the rule in Python, and the same one in bash."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from dokku_cache.automatic import pressure
from dokku_cache.dokku import sizes
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.records import pressure_note
from dokku_cache.tree.file_system import FileSystem

PROJECT = Path(__file__).parents[3]
BLOCK = 4096


def file_system(blocks: int, free: int, inodes: int | None = 1000, free_inodes: int | None = 1000) -> FileSystem:
    return FileSystem("/x", 1, blocks * BLOCK, (blocks - free) * BLOCK, free * BLOCK, inodes, free_inodes)


def bash_says(least: str, found: FileSystem) -> bool:
    """Ask src/room, with a `stat` of our own."""
    line = f"{found.total_bytes // BLOCK} {found.free_bytes // BLOCK} {BLOCK}"
    line += f" {found.total_inodes or 0} {found.free_inodes or 0}"
    script = 'source "$1/src/room"; line="$3"; exec() { echo "$line"; }; understand "$2"; is_low /x'
    return (
        subprocess.run(["bash", "-e", "-c", script, "bash", PROJECT, least, line], check=False, timeout=20).returncode
        == 0
    )


@pytest.mark.parametrize(
    ("least", "found", "is_low"),
    [
        ("5%", file_system(1000, 50), False),
        ("5%", file_system(1000, 49), True),
        ("0.5%", file_system(1000, 5), False),
        ("0.5%", file_system(1000, 4), True),
        ("99.9%", file_system(1000, 999), False),
        ("5%", file_system(1000, 500, free_inodes=50), False),
        ("5%", file_system(1000, 500, free_inodes=49), True),
        ("5%", file_system(1000, 500, inodes=None, free_inodes=None), False),
        ("4K", file_system(1000, 1), False),
        ("8K", file_system(1000, 1), True),
        ("4096B", file_system(1000, 1), False),
        ("4097 B", file_system(1000, 1), True),
        ("4KB", file_system(1000, 1), False),
        ("5KB", file_system(1000, 1), True),
        ("1.5 mib", file_system(1000, 384), False),
        ("1.5mib", file_system(1000, 383), True),
        ("0.001G", file_system(1000, 262), True),
        ("0.001G", file_system(1000, 263), False),
        ("08G", file_system(1 << 30, 2 << 20), False),
        ("08G", file_system(1 << 30, (2 << 20) - 1), True),
        ("7P", file_system(1 << 40, 1 << 39), True),
        ("1B", file_system(1000, 1, free_inodes=49), True),
        ("5%", file_system(1 << 50, 1 << 49), False),
    ],
)
def test_python_and_bash_agree_on_what_is_too_little(least: str, found: FileSystem, *, is_low: bool) -> None:
    assert pressure.is_low(found, sizes.parse_least(least)) is is_low
    assert bash_says(least, found) is is_low


@pytest.mark.parametrize("least", ["off", "", "0%x", "5 per cent", "-5%", "5%%", "five", "1e3G"])
def test_what_is_no_limit_limits_nothing(environment: DokkuEnvironment, least: str) -> None:
    assert not bash_says(least, file_system(1000, 0, free_inodes=0))
    path = Path(environment.lib_root, "config/cache/--global/min-free")
    path.parent.mkdir(parents=True)
    path.write_text(least or " ")
    assert pressure.low_ones(environment) == [] or not least  # an empty one is the default


@pytest.mark.parametrize("least", ["101%", "500%", "999999999P", "8192P", "0%", "0"])
def test_what_cache_set_would_have_refused_limits_nothing_in_bash_either(least: str) -> None:
    with pytest.raises(ValueError, match=r"not a size|nothing"):
        sizes.parse_least(least)
    assert not bash_says(least, file_system(1000, 0, free_inodes=0))


def test_a_file_system_that_counts_no_inodes_by_the_largest_number_has_enough() -> None:
    """As CephFS does: what is free is -1 (linux, fs/ceph/super.c, ceph_statfs)."""
    assert not bash_says("5%", file_system(1000, 500, inodes=77, free_inodes=(1 << 64) - 1))
    assert not bash_says("4K", file_system(1000, 500, inodes=77, free_inodes=(1 << 64) - 1))
    assert not bash_says("5%", file_system(1000, 500, inodes=(1 << 64) - 1, free_inodes=(1 << 64) - 1))


@pytest.mark.parametrize("least", ["5%", "10G"])
def test_a_file_system_that_does_not_say_how_big_it_is_is_not_too_full(least: str) -> None:
    assert not bash_says(least, file_system(0, 0, inodes=0, free_inodes=0))


def looks(environment: DokkuEnvironment, *, path: str = "/usr/bin:/bin") -> "subprocess.CompletedProcess[str]":
    """Ask src/room as the triggers do."""
    variables = {"DOKKU_ROOT": environment.root, "DOKKU_LIB_ROOT": environment.lib_root, "PATH": path}
    script = 'source "$1/src/room"; has_too_little'
    return subprocess.run(
        ["bash", "-e", "-c", script, "bash", PROJECT], check=False, timeout=20, env=variables, text=True
    )


@pytest.mark.parametrize("name", ["config/cache/--global/min-free", "data/cache/engine-root"])
def test_a_named_pipe_in_place_of_a_setting_is_not_waited_for(environment: DokkuEnvironment, name: str) -> None:
    path = Path(environment.lib_root, name)
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    assert looks(environment).returncode in {0, 1}


def test_a_disk_that_does_not_answer_holds_up_no_deploy(environment: DokkuEnvironment, tmp_path: Path) -> None:
    slow = tmp_path / "bin/stat"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o755)
    begun = time.monotonic()
    assert looks(environment, path=f"{slow.parent}:/usr/bin:/bin").returncode == 1
    assert time.monotonic() - begun < 10


def test_a_change_is_noted_once(environment: DokkuEnvironment) -> None:
    Path(environment.lib_root, "data/cache").mkdir(parents=True)
    low = [file_system(1000, 1)]
    assert not pressure_note.is_low(environment)
    assert pressure.note(environment, low)
    assert pressure_note.is_low(environment)
    assert not pressure.note(environment, low)
    assert pressure.note(environment, [])
    assert not pressure.note(environment, [])
    assert not pressure_note.is_low(environment)


def test_what_is_scarce_is_said() -> None:
    assert pressure.described(file_system(1 << 20, 1 << 15)) == "128.0 MiB of 4.0 GiB free (3.1 %) on the disk of /x"
    scarce = pressure.described(file_system(1 << 20, 1 << 19, free_inodes=3))
    assert scarce == "2.0 GiB of 4.0 GiB free (50.0 %), 3 of 1,000 inodes on the disk of /x"
