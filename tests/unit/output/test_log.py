"""Lines of the log: each has its time, and names its app once."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from dokku_cache.output.log import LogStream, captured_output


def logged(tmp_path: Path) -> list[str]:
    timed = [line.split(" ", 1) for line in (tmp_path / "cache.log").read_text().splitlines()]
    assert all(datetime.fromisoformat(time).tzinfo for time, _ in timed)
    return [line for _, line in timed]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-----> shop: freed 1 GiB", "post-deploy: -----> shop: freed 1 GiB"),
        ("the cache of shop, and more", "post-deploy: the cache of shop, and more"),
        ("It goes on", "post-deploy shop: It goes on"),
        # Other apps whose names contain this one.
        ("shop-2: stays", "post-deploy shop: shop-2: stays"),
        ("my.shop: stays", "post-deploy shop: my.shop: stays"),
        ("workshop: stays", "post-deploy shop: workshop: stays"),
    ],
)
def test_each_line_names_its_app_once(tmp_path: Path, line: str, expected: str) -> None:
    LogStream(str(tmp_path), "post-deploy", "shop").write(line)
    assert logged(tmp_path) == [expected]


def test_warnings_are_collected_without_their_mark(tmp_path: Path) -> None:
    warned: list[str] = []
    LogStream(str(tmp_path), "daily run", warned=warned).write("-----> one\n\n  two\n !     three\n")
    assert logged(tmp_path) == ["daily run: -----> one", "daily run: two", "daily run: !     three"]
    assert warned == ["three"]


@pytest.mark.parametrize("kind", ["missing", "pipe", "link"])
def test_a_log_that_cannot_be_written_fails_nothing(tmp_path: Path, kind: str) -> None:
    if kind == "pipe":
        os.mkfifo(tmp_path / "cache.log")
    if kind == "link":
        (tmp_path / "cache.log").symlink_to(tmp_path / "other")
    LogStream(str(tmp_path if kind != "missing" else tmp_path / "missing"), "daily run").write("one")
    assert not (tmp_path / "other").exists()


def test_output_of_other_programs_is_logged_and_later_output_does_not_end_them(tmp_path: Path) -> None:
    with captured_output(LogStream(str(tmp_path), "cache-purged")) as descriptor:
        late = os.dup(descriptor)
        os.write(descriptor, b"one\ntwo \xff\n")
    os.write(late, b"three\n")
    os.close(late)
    assert logged(tmp_path) == ["cache-purged: one", "cache-purged: two \\xff"]
