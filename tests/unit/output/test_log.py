"""Lines of the log: each has its time, and names its app once."""

import os
from datetime import datetime
from pathlib import Path

import pytest

from dokku_cache.output.log import LogStream, Strays


def logged(tmp_path: Path, app: str, *lines: str) -> list[str]:
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for line in lines:
        LogStream(descriptor, "post-deploy", app).write(line)
    os.close(descriptor)
    timed = [line.split(" ", 1) for line in path.read_text().splitlines()]
    assert all(datetime.fromisoformat(time).tzinfo for time, _ in timed)
    return [line for _, line in timed]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-----> shop: freed 1 GiB", "post-deploy: -----> shop: freed 1 GiB"),
        ("the cache of shop, and more", "post-deploy: the cache of shop, and more"),
        ("It goes on", "post-deploy shop: It goes on"),
        # Others are not this one.
        ("shop-2: stays", "post-deploy shop: shop-2: stays"),
        ("my.shop: stays", "post-deploy shop: my.shop: stays"),
        ("workshop: stays", "post-deploy shop: workshop: stays"),
    ],
)
def test_each_line_names_its_app_once(tmp_path: Path, line: str, expected: str) -> None:
    assert logged(tmp_path, "shop", line) == [expected]


def test_without_an_app_there_is_the_subject_alone(tmp_path: Path) -> None:
    assert logged(tmp_path, "", "one\n\n  two\n") == ["post-deploy: one", "post-deploy: two"]


def test_what_another_program_says_has_its_time_and_who_says_it_later_is_not_ended(tmp_path: Path) -> None:
    strays = Strays()
    late = os.dup(strays.descriptor)
    os.write(strays.descriptor, b"one\ntwo \xff\n")
    descriptor = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    strays.move_to(LogStream(descriptor, "cache-purged"))
    os.write(late, b"three\n")
    os.close(late)
    os.close(descriptor)
    lines = (tmp_path / "log").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == ["cache-purged: one", "cache-purged: two \\xff"]
