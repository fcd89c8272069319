"""The note of pressure, which has to hold on a full disk."""

import os
from pathlib import Path

import pytest

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.records import pressure_note


@pytest.fixture
def note(environment: DokkuEnvironment) -> Path:
    path = Path(environment.lib_root, "data/cache/pressure")
    path.parent.mkdir(parents=True)
    return path


def test_it_is_written_over_the_last_one_so_that_a_full_disk_does_not_matter(
    environment: DokkuEnvironment, note: Path
) -> None:
    pressure_note.prepare(environment)
    before = note.stat()
    for is_low in (True, False, True):
        pressure_note.write(environment, is_low=is_low)
        assert pressure_note.is_low(environment) is is_low
        assert (note.stat().st_ino, note.stat().st_size) == (before.st_ino, before.st_size)
    pressure_note.prepare(environment)
    assert pressure_note.is_low(environment)


@pytest.mark.parametrize("content", ["low\n", "low   \n"])
def test_an_older_note_is_read_too(environment: DokkuEnvironment, note: Path, content: str) -> None:
    note.write_text(content)
    assert pressure_note.is_low(environment)
    pressure_note.write(environment, is_low=False)
    assert not pressure_note.is_low(environment)


def test_neither_a_named_pipe_is_waited_for_nor_a_link_followed(environment: DokkuEnvironment, note: Path) -> None:
    os.mkfifo(note)
    pressure_note.prepare(environment)
    assert not pressure_note.is_low(environment)
    note.unlink()
    other = note.with_name("other")
    other.write_text("somebody's")
    note.symlink_to(other)
    pressure_note.write(environment, is_low=True)
    assert other.read_text() == "somebody's"
