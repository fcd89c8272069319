"""Readers that do not read."""

import fcntl
import os
import pty
import select
import termios
import time
from collections.abc import Iterator

import pytest

from dokku_cache.output.outlet import Outlet


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            continue


def all_of(outlet: Outlet, reader: int) -> str:
    """Read what comes, as long as the outlet has something."""
    read = b""
    while not outlet.drain(limit_seconds=0) or select.select([reader], [], [], 0.05)[0]:
        read += os.read(reader, 1 << 20)
    return read.decode()


def test_a_pipe_that_nobody_reads_holds_nobody_up_and_loses_nothing(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    outlet = Outlet(writer)
    begun = time.monotonic()
    lines = [f"line {number}\n" for number in range(5000)]
    for line in lines:
        outlet.write(line)
        outlet.flush()
    assert time.monotonic() - begun < 1
    assert not outlet.drain(limit_seconds=0.1)
    assert all_of(outlet, reader) == "".join(lines)


def test_a_terminal_that_was_stopped_holds_nobody_up_and_loses_nothing() -> None:
    screen, terminal = pty.openpty()
    try:
        outlet = Outlet(terminal)
        assert outlet.isatty()
        termios.tcflow(terminal, termios.TCOOFF)
        outlet.write("x" * 3000)
        outlet.flush()
        assert not outlet.drain(limit_seconds=0.1)
        termios.tcflow(terminal, termios.TCOON)
        assert all_of(outlet, screen).count("x") == 3000
    finally:
        os.close(screen)
        os.close(terminal)


def test_a_pipe_whose_reader_went_is_an_error_once_and_given_up(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    outlet = Outlet(writer)
    os.close(reader)
    outlet.write("x")
    with pytest.raises(BrokenPipeError):
        outlet.flush()
    assert outlet.drain()


def test_a_descriptor_that_does_not_wait_is_waited_for(pipe: tuple[int, int]) -> None:
    """A caller may have made the pipe non-blocking, as node does; the streams of Python fail with that."""
    reader, writer = pipe
    os.set_blocking(writer, False)
    outlet = Outlet(writer)
    text = "y" * 20000
    outlet.write(text)
    outlet.flush()
    assert all_of(outlet, reader) == text


def test_names_that_are_no_unicode_are_written(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    outlet = Outlet(writer)
    outlet.write("caf\udce9 \N{HORIZONTAL ELLIPSIS}")
    outlet.flush()
    assert os.read(reader, 100).decode() == "caf\\udce9 \N{HORIZONTAL ELLIPSIS}"
