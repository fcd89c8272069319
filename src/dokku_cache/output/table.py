"""Tables of plain text: aligned columns that fit the terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dokku_cache.output.text import printable

_GAP = "  "
_CUT = "..."


@dataclass(frozen=True)
class Column:
    """One column. ``min_width``: its texts may be shortened to this many characters, None for never.

    ``drop_rank``: where there is too little room, columns are omitted in this order; 0 for never.
    """

    title: str
    is_number: bool = False
    min_width: int | None = None
    drop_rank: int = 0


def lines(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int = 0) -> Iterator[str]:
    """Return the titles and the rows, with control characters escaped, in ``width`` characters; 0 for no limit."""
    cells = [[column.title for column in columns], *([printable(cell) for cell in row] for row in rows)]
    widths = [max(map(len, texts)) for texts in zip(*cells, strict=True)]
    shown = _fit(columns, widths, width) if width else list(range(len(columns)))
    for row in cells:
        texts = [_aligned(_shortened(row[at], widths[at]), widths[at], columns[at]) for at in shown]
        yield _GAP.join(texts).rstrip()


def _fit(columns: Sequence[Column], widths: list[int], width: int) -> list[int]:
    """Return the positions of the columns to show. Reduces ``widths`` where texts have to be shortened."""
    shown = list(range(len(columns)))
    min_widths = [column.min_width or widths[at] for at, column in enumerate(columns)]

    def excess(of: Sequence[int]) -> int:
        return sum(of[at] + len(_GAP) for at in shown) - len(_GAP) - width

    for at in sorted((at for at in shown if columns[at].drop_rank), key=lambda at: columns[at].drop_rank):
        if excess([min(pair) for pair in zip(widths, min_widths, strict=True)]) <= 0:
            break
        shown.remove(at)
    for at in reversed(shown):
        widths[at] -= max(0, min(excess(widths), widths[at] - min_widths[at]))
    return shown


def _shortened(text: str, width: int) -> str:
    """Cut out the middle of a text that is too long."""
    if len(text) <= width:
        return text
    end = max(0, width - len(_CUT)) // 2
    return f"{text[: max(0, width - len(_CUT) - end)]}{_CUT}{text[len(text) - end :]}"


def _aligned(text: str, width: int, column: Column) -> str:
    return text.rjust(width) if column.is_number else text.ljust(width)
