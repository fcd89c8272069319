"""A small terminal: runs a command on it, and knows what it shows after each piece that is written."""

import fcntl
import os
import pty
import re
import struct
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

_PIECE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|[\r\n\b]|[^\x1b\r\n\b]+|\x1b.?", re.DOTALL)
#: As xterm has the first 16 (by the X11 names); a picture has its own.
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_LEVELS = (0, 95, 135, 175, 215, 255)


@dataclass(frozen=True)
class Style:
    """How a cell looks: the name of a color or #rrggbb, empty for the usual one."""

    color: str = ""
    is_bold: bool = False
    is_dim: bool = False


@dataclass(frozen=True)
class Cell:
    character: str = " "
    style: Style = Style()


Row = tuple[Cell, ...]


class Screen:
    """So many rows of so many cells; what no longer fits is moved out at the top."""

    def __init__(self, columns: int, rows: int) -> None:
        self._columns, self._count = columns, rows
        self._rows: list[dict[int, Cell]] = [{}]
        self._row = self._column = 0
        self._style = Style()

    def write(self, text: str) -> None:
        for piece in _PIECE.finditer(text):
            if piece[2]:
                self._control(piece[1], piece[2])
            elif piece[0] == "\n":
                self._feed()
            elif piece[0] == "\r":
                self._column = 0
            elif piece[0] == "\b":
                self._column = max(0, self._column - 1)
            elif not piece[0].startswith("\x1b"):
                self._put(piece[0])

    def clear(self) -> None:
        self._rows, self._row, self._column = [{}], 0, 0

    def shown(self) -> tuple[Row, ...]:
        """Give all rows, without blanks at their ends."""
        return tuple(
            tuple(row.get(column, Cell()) for column in range(max(row, default=-1) + 1)) for row in self._rows
        )

    def _put(self, text: str) -> None:
        for character in text:
            if self._column == self._columns:
                self._column = 0
                self._feed()
            self._rows[self._row][self._column] = Cell(character, self._style)
            self._column += 1

    def _feed(self) -> None:
        self._row += 1
        if self._row == len(self._rows):
            self._rows.append({})
        if len(self._rows) > self._count:
            del self._rows[0]
            self._row -= 1

    def _control(self, parameters: str, letter: str) -> None:
        numbers = [int(number or 0) for number in parameters.lstrip("?").split(";")]
        if letter == "m":
            self._style = styled(self._style, numbers)
        elif letter == "A":
            self._row = max(0, self._row - max(1, numbers[0]))
        elif letter == "K":
            kept = {} if numbers[0] == 2 else self._rows[self._row]
            self._rows[self._row] = {column: cell for column, cell in kept.items() if column < self._column}


def styled(style: Style, numbers: Sequence[int]) -> Style:
    """Give a style after SGR (ECMA-48, 8.3.117), as far as a program here uses it."""
    rest = list(numbers)
    while rest:
        number = rest.pop(0)
        if number == 0:
            style = Style()
        elif number in {1, 2}:
            style = replace(style, is_bold=style.is_bold or number == 1, is_dim=style.is_dim or number == 2)
        elif number == 22:
            style = replace(style, is_bold=False, is_dim=False)
        elif 30 <= number <= 37 or 90 <= number <= 97:
            style = replace(style, color=_NAMES[number % 10])
        elif number == 38:
            style = replace(style, color=_further(rest))
        elif number == 39:
            style = replace(style, color="")
    return style


def _further(rest: list[int]) -> str:
    """Take the color off the front: 5;n of 256, or 2;r;g;b."""
    if rest.pop(0) == 2:
        red, green, blue = rest[:3]
        del rest[:3]
        return f"#{red:02x}{green:02x}{blue:02x}"
    number = rest.pop(0)
    if number < 16:
        return _NAMES[number % 8]
    if number >= 232:
        return f"#{8 + 10 * (number - 232):02x}" + f"{8 + 10 * (number - 232):02x}" * 2
    cube = number - 16
    return "#" + "".join(f"{_LEVELS[part]:02x}" for part in (cube // 36, cube // 6 % 6, cube % 6))


def run(
    command: Sequence[str], environment: Mapping[str, str], columns: int, rows: int
) -> Iterator[tuple[float, str]]:
    """Run a command on a terminal of its own; give what it writes, with the seconds since it began."""
    process, terminal = pty.fork()
    if process == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        os.execvpe(command[0], command, {**environment, "TERM": "xterm-256color"})
    begun, left = time.monotonic(), b""
    while True:
        try:
            left += os.read(terminal, 65536)
        except OSError:  # the other end is closed (EIO, pty(7))
            break
        text = left.decode(errors="ignore") if _is_whole(left) else ""
        if text:
            left = b""
            yield time.monotonic() - begun, text
    os.close(terminal)
    os.waitpid(process, 0)


def _is_whole(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
