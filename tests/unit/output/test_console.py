"""Output that cannot be written, or has no reader."""

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
    for write in (console.heading, console.section, console.detail, console.relay, console.warn):
        write("x")


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


@pytest.mark.parametrize(("typed", "is_confirmed"), [("shop\n", True), ("y\n", False), ("", False)])
def test_a_name_is_asked_for_with_the_banner_of_dokku(
    monkeypatch: pytest.MonkeyPatch, typed: str, is_confirmed: bool
) -> None:
    err = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert Console(out=err, err=err).ask_for_name("shop", "It will be deleted.") is is_confirmed
    assert err.getvalue().splitlines() == [
        " !     WARNING: Potentially Destructive Action",
        " !     It will be deleted.",
        ' !     To proceed, type "shop"',
        "> ",
    ]


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_lines_that_are_broken_between_words_and_never_within_a_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    text = "Dokku's cache of shop is in-use; its builds' own: 'dokku cache:purge-legacy shop --force' says more of it"
    screen, pipe = Screen(), io.StringIO()
    Console(out=screen, err=screen).warn(text, "do this")
    assert screen.getvalue().splitlines() == [
        " !     Dokku's cache of shop is in-use; its builds' own:",
        " !     'dokku cache:purge-legacy shop --force' says more of",
        " !     it",
        " !     Do this",
    ]
    screen = Screen()
    Console(out=screen, err=screen).section(text)
    assert [line[:7] for line in screen.getvalue().splitlines()] == ["-----> ", " " * 7, " " * 7]
    Console(out=pipe, err=pipe).warn(text)
    assert pipe.getvalue() == f" !     {text}\n"
