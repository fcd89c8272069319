"""Several ``find`` side by side: what each reads, and how they end."""

import os
import time
from pathlib import Path

import pytest

from dokku_cache.tree import find_pool
from dokku_cache.tree.find_pool import FindJob, FindPool

from ..somebody import somebody

FILES = ["-type", "f", "-printf", r"%f\n"]


def printed(pool: FindPool, *, wait: bool = True) -> list[bytes]:
    lines: list[bytes] = []
    while not pool.are_idle:
        for piece in pool.output(wait=wait):
            lines += piece.splitlines()
    return sorted(lines)


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in for ``find``."""
    path = tmp_path / "find"
    monkeypatch.setattr(find_pool, "FIND", str(path))
    return path


def start(pool: FindPool, script: Path, content: str) -> None:
    script.write_text(f"#!/bin/sh\n{content}\n")
    script.chmod(0o755)
    with_a_name = os.open(script.parent, os.O_RDONLY)
    pool.start(FindJob([(with_a_name, ".")]), [])
    os.close(with_a_name)


@pytest.mark.parametrize("tops", [1, 2, 3])
def test_one_job_may_lead_into_several_directories_by_the_same_names(tmp_path: Path, tops: int) -> None:
    handles = []
    for number in range(tops):
        inner = tmp_path / f"top{number}" / "x"
        inner.mkdir(parents=True)
        (inner / f"file{number}").touch()
        handles.append(os.open(inner.parent, os.O_RDONLY))
    with FindPool() as pool:
        pool.start(FindJob([(handle, "x") for handle in handles]), FILES)
        assert printed(pool) == [b"file%d" % number for number in range(tops)]
        assert pool.complaints == 0
    for handle in handles:
        os.close(handle)


def test_what_it_may_not_read_is_counted_and_what_is_gone_is_not(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "file").touch()
    (tmp_path / "closed").mkdir(mode=0)
    top = os.open(tmp_path, os.O_RDONLY)
    with FindPool() as pool, somebody():
        pool.start(FindJob([(top, "open"), (top, "closed"), (top, "gone")]), FILES)
        assert printed(pool) == [b"file"]
    os.close(top)
    assert pool.complaints == 1


def test_complaints_are_understood_whatever_language_the_server_speaks(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    with FindPool() as pool:
        start(pool, script, 'echo "$LC_ALL"')
        assert printed(pool) == [b"C"]


def test_lines_that_come_in_pieces_are_put_together(script: Path) -> None:
    with FindPool() as pool:
        start(pool, script, "printf 12; sleep 0.2; printf '34\\n56\\n7'; sleep 0.2; printf '8\\n'")
        assert printed(pool, wait=False) == [b"1234", b"56", b"78"]


def test_one_that_does_not_end_by_itself_is_ended(script: Path) -> None:
    begun = time.monotonic()
    with FindPool() as pool:
        start(pool, script, "trap '' PIPE TERM; exec sleep 30")
    assert time.monotonic() - begun < 10
