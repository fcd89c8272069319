"""Who may fail to read, and what then."""

import io

import pytest

from dokku_cache.output.console import Console

from .throwing import ThrowingStream


class FullDisk(io.StringIO):
    def write(self, _text: str) -> int:
        raise OSError(28, "No space left on device")


def test_news_that_cannot_be_written_stop_nothing() -> None:
    console = Console(out=FullDisk(), err=FullDisk())
    console.section("x")
    console.warn("x", "hint")


def test_a_stream_that_throws_at_each_of_its_calls_stops_nothing() -> None:
    stream = ThrowingStream()
    console = Console(out=stream, err=stream)
    for tell in (console.heading, console.section, console.detail, console.passed_on, console.warn):
        tell("x")


def test_a_result_that_cannot_be_written_is_a_failure() -> None:
    with pytest.raises(OSError, match="No space"):
        Console(out=FullDisk(), err=FullDisk()).result("x")


def test_quiet_keeps_results_and_warnings() -> None:
    out, err = io.StringIO(), io.StringIO()
    console = Console(is_quiet=True, out=out, err=err)
    console.heading("a")
    console.section("b")
    console.detail("c")
    console.result("d")
    console.warn("e", "do this")
    assert out.getvalue() == "d\n"
    assert err.getvalue() == " !     e\n !     Do this\n"


def test_names_cannot_break_the_line() -> None:
    err = io.StringIO()
    Console(out=err, err=err).warn("a\nb\x1b[2J")
    assert err.getvalue() == " !     a\\nb\\x1b[2J\n"
