"""What a terminal shows, as SVG: each character at a place of its own, so that columns line up in any font."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from terminal import Row, Style

#: Of a cell, in units of the picture. Monospaced letters are 0.6 times as wide as their size.
WIDTH, HEIGHT, SIZE = 9, 19, 15
_MARGIN, _BAR = 18, 40
_COLORS = {
    "": "#c5c8c6",
    "black": "#4b4e55",
    "red": "#e06c75",
    "green": "#98c379",
    "yellow": "#e5c07b",
    "blue": "#61afef",
    "magenta": "#c678dd",
    "cyan": "#56b6c2",
    "white": "#e6e6e6",
}
_FONTS = "'DejaVu Sans Mono', Menlo, Consolas, 'Liberation Mono', monospace"


@dataclass(frozen=True)
class Frame:
    """What is shown for so many seconds."""

    rows: tuple[Row, ...]
    seconds: float


def still(title: str, rows: Sequence[Row], columns: int) -> str:
    """Draw one screen."""
    drawn = "".join(_line(number, row) for number, row in enumerate(rows))
    return _frame(title, len(rows), columns, plain(rows), drawn, "")


def film(title: str, frames: Sequence[Frame], columns: int, count: int) -> str:
    """Draw frames one after the other, for ever. Without animation the last one is shown."""
    total = sum(frame.seconds for frame in frames)
    drawn, style = [], [f".r{{visibility:hidden;animation:{total:g}s step-end infinite}}"]
    for number, (row, where, begin, end) in enumerate(_spans(frames)):
        is_last = end == total
        drawn.append(
            f'<g class="r{" l" if is_last else ""}" style="animation-name:k{number}">{_line(where, row)}</g>'
        )
        shown = f"{100 * begin / total:.3f}%{{visibility:visible}}"
        hidden = "" if is_last else f"{100 * end / total:.3f}%{{visibility:hidden}}"
        before = "0%{visibility:hidden}" if begin else ""
        style.append(f"@keyframes k{number}{{{before}{shown}{hidden}}}")
    style += [".l{visibility:visible}", "@media (prefers-reduced-motion:reduce){.r{animation:none}}"]
    return _frame(title, count, columns, plain(frames[-1].rows), "\n".join(drawn), "\n".join(style))


def _spans(frames: Sequence[Frame]) -> Iterator[tuple[Row, int, float, float]]:
    """Give each row with the number of its line, and from when until when it stands there, in seconds."""
    standing: dict[int, tuple[Row, float]] = {}
    now = 0.0
    for frame in frames:
        shown = {number: row for number, row in enumerate(frame.rows) if row}
        for number, (row, since) in sorted(standing.items()):
            if shown.get(number) != row:
                yield row, number, since, now
                del standing[number]
        standing = {number: standing.get(number, (row, now)) for number, row in shown.items()}
        now += frame.seconds
    for number, (row, since) in sorted(standing.items()):
        yield row, number, since, now


def plain(rows: Sequence[Row]) -> str:
    """Give the text alone."""
    return "\n".join("".join(cell.character for cell in row).rstrip() for row in rows)


def _line(number: int, row: Row) -> str:
    return "".join(_words(number, row))


def _words(number: int, row: Row) -> Iterator[str]:
    """Draw what stands together in one style, blanks left out."""
    below = _BAR + _MARGIN + number * HEIGHT
    start = 0
    while start < len(row):
        end = start + 1
        while end < len(row) and row[end].style == row[start].style and row[end].character != " ":
            end += 1
        text = "".join(cell.character for cell in row[start:end]).strip()
        if text:
            first = start + (row[start].character == " ")
            places = " ".join(str(_MARGIN + WIDTH * column) for column in range(first, first + len(text)))
            yield f'<text x="{places}" y="{below}"{_look(row[start].style)}>{escape(text)}</text>\n'
        start = end


def _look(style: Style) -> str:
    color = _COLORS.get(style.color, style.color)
    look = f' fill="{color}"' if style.color else ""
    look += ' font-weight="bold"' if style.is_bold else ""
    return look + (' opacity="0.7"' if style.is_dim else "")


def _frame(title: str, count: int, columns: int, described: str, drawn: str, style: str) -> str:
    width, height = columns * WIDTH + 2 * _MARGIN, count * HEIGHT + _BAR + _MARGIN
    lights = "".join(
        f'<circle cx="{_MARGIN + 4 + 20 * place}" cy="19" r="6" fill="{color}"/>'
        for place, color in enumerate(("#ff5f57", "#febc2e", "#28c840"))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">\n'
        f"<title>{escape(title)}</title>\n<desc>{escape(described)}</desc>\n"
        f"<style>text{{font-family:{_FONTS};font-size:{SIZE}px;white-space:pre}}{style}</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#22252b"/>\n{lights}\n'
        f'<g fill="{_COLORS[""]}">\n{drawn}</g>\n</svg>\n'
    )
