"""Readers that do not read."""

import fcntl
import os
import pty
import select
import termios
import time
from collections.abc import Iterator

import pytest

from dokku_cache.output.console import OutputStream


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


def all_of(stream: OutputStream, reader: int) -> str:
    """Read until the stream is empty."""
    read = b""
    while not stream.drain(limit_seconds=0) or select.select([reader], [], [], 0.05)[0]:
        read += os.read(reader, 1 << 20)
    return read.decode()


def test_a_pipe_without_reader_delays_nothing_and_loses_nothing(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    stream = OutputStream(writer)
    begun = time.monotonic()
    lines = [f"line {number}\n" for number in range(5000)]
    for line in lines:
        stream.write(line)
        stream.flush()
    assert time.monotonic() - begun < 1
    assert not stream.drain(limit_seconds=0.1)
    assert all_of(stream, reader) == "".join(lines)


def test_a_stopped_terminal_delays_nothing_and_loses_nothing() -> None:
    screen, terminal = pty.openpty()
    try:
        stream = OutputStream(terminal)
        assert stream.isatty()
        termios.tcflow(terminal, termios.TCOOFF)
        stream.write("x" * 3000)
        stream.flush()
        assert not stream.drain(limit_seconds=0.1)
        termios.tcflow(terminal, termios.TCOON)
        assert all_of(stream, screen).count("x") == 3000
    finally:
        os.close(screen)
        os.close(terminal)


def test_a_closed_pipe_is_an_error_once(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    stream = OutputStream(writer)
    os.close(reader)
    stream.write("x")
    with pytest.raises(BrokenPipeError):
        stream.flush()
    assert stream.drain()


def test_a_non_blocking_pipe_gets_everything(pipe: tuple[int, int]) -> None:
    """A caller may have made the pipe non-blocking, as node does; the streams of Python fail with that."""
    reader, writer = pipe
    os.set_blocking(writer, False)
    stream = OutputStream(writer)
    text = "y" * 20000
    stream.write(text)
    stream.flush()
    assert all_of(stream, reader) == text


def test_invalid_unicode_is_escaped(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    stream = OutputStream(writer)
    stream.write("caf\udce9 \N{HORIZONTAL ELLIPSIS}")
    stream.flush()
    assert os.read(reader, 100).decode() == "caf\\udce9 \N{HORIZONTAL ELLIPSIS}"
