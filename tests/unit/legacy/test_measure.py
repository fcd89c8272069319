"""Measuring, against coreutils."""

import os
import subprocess
from pathlib import Path

import pytest

from dokku_cache.legacy.measure import Measurement, measure


def measured(path: Path) -> Measurement:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return measure(descriptor)
    finally:
        os.close(descriptor)


def used(path: Path) -> int:
    return int(subprocess.run(["du", "-s", "-B1", path], capture_output=True, check=True).stdout.split()[0])


def test_an_empty_directory_counts_itself(tmp_path: Path) -> None:
    found = measured(tmp_path)
    assert (found.size_bytes, found.files, found.directories) == (used(tmp_path), 0, 0)


def test_hard_links_count_once_in_bytes_and_each_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x" * 100_000)
    (tmp_path / "deep").mkdir()
    os.link(tmp_path / "one", tmp_path / "deep" / "two")
    os.link(tmp_path / "one", tmp_path / "three")
    found = measured(tmp_path)
    assert (found.size_bytes, found.files, found.directories) == (used(tmp_path), 3, 1)


def test_sparse_files_count_what_is_allocated(tmp_path: Path) -> None:
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 30)
    assert measured(tmp_path).size_bytes == used(tmp_path) < 1 << 20


def test_links_are_counted_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/usr")
    found = measured(tmp_path)
    assert (found.size_bytes, found.files) == (used(tmp_path), 1)


def test_the_newest_modification_is_in_utc(tmp_path: Path) -> None:
    for name, moment in (("old", 1_000_000_000), ("new", 1_700_000_000)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (moment, moment))
    os.utime(tmp_path, (1_100_000_000, 1_100_000_000))
    newest = measured(tmp_path).newest
    assert newest is not None
    assert newest.isoformat() == "2023-11-14T22:13:20+00:00"


@pytest.mark.parametrize("moment", [-(2**33), 2**40])
def test_times_beyond_the_calendar_are_no_error(tmp_path: Path, moment: int) -> None:
    (tmp_path / "file").touch()
    try:
        os.utime(tmp_path / "file", (moment, moment))
    except OSError:
        pytest.skip("the file system has no such times")
    assert measured(tmp_path).newest is not None


def test_ticks_add_up_to_the_whole(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    ticks: list[tuple[int, int]] = []
    descriptor = os.open(tmp_path, os.O_RDONLY)
    found = measure(descriptor, lambda *tick: ticks.append(tick))
    os.close(descriptor)
    assert sum(entries for entries, _ in ticks) == found.entries
    assert sum(size for _, size in ticks) == found.size_bytes


def test_sums_take_the_newest_of_both() -> None:
    assert Measurement(1, 2, 3) + Measurement(10, 20, 30) == Measurement(11, 22, 33)


def test_names_of_any_bytes_are_measured(tmp_path: Path) -> None:
    for name in (b"new\nline", b"\xff\xfe", b"n" * 255):
        os.mkdir(os.path.join(os.fsencode(tmp_path), name))
    assert measured(tmp_path).directories == 3
