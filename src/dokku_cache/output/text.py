"""Numbers, names, durations and tables as people read them, and values for programs."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from dokku_cache import modules

#: Of every document. It changes only when a key is removed or gets another meaning or type. Keys may be added.
SCHEMA_VERSION = 1

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_BASE = 1024


def size(size_bytes: int) -> str:
    """Return a size in binary units: ``0 B``, ``512 B``, ``22.0 GiB``."""
    amount = float(size_bytes)
    for unit in _UNITS:
        # 1024.0 after rounding belongs to the next unit.
        if amount < _BASE - 0.05 or unit == _UNITS[-1]:
            break
        amount /= _BASE
    return f"{size_bytes} B" if unit == "B" else f"{amount:.1f} {unit}"


def count(number: int, singular: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 file``, ``20,000 files``."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def duration(seconds: float) -> str:
    """Return a time span: ``0.4 s``, ``12 s``, ``3 min 5 s``."""
    if seconds < 10:  # noqa: PLR2004 - tenths matter below ten seconds
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def moment(seconds: float | None) -> datetime | None:
    """Return a time in UTC from seconds since the epoch. A file may have any 64-bit time; years end at 9999."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, timezone.utc)
    except (OverflowError, ValueError, OSError):
        return (datetime.max if seconds > 0 else datetime.min).replace(tzinfo=timezone.utc)


def timestamp(moment: datetime | None) -> str:
    """Return a time as RFC 3339 in UTC with seconds, or an empty text."""
    return moment.isoformat(timespec="seconds") if moment else ""


def printable(text: str) -> str:
    """Escape control characters and invalid Unicode."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in text
    )


def serialized(values: Mapping[str, Any], format_name: str) -> str:
    """Return plain values as one line of JSON, or as one YAML document. Raises CacheError without PyYAML."""
    if format_name == "json":
        # Only ASCII, so that names that are invalid Unicode stay readable by every parser.
        return json.dumps(values, separators=(",", ":"))
    yaml = modules.load("yaml")
    return str(yaml.safe_dump(values, explicit_start=True, sort_keys=False, width=1000)).rstrip("\n")


_GAP = "  "
_CUT = "..."


@dataclass(frozen=True)
class Column:
    """One column. ``min_width``: its texts may be shortened to this many characters, None for never.

    ``drop_rank``: where there is too little space, columns are omitted in this order; 0 for never.
    """

    title: str
    is_number: bool = False
    min_width: int | None = None
    drop_rank: int = 0


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int = 0) -> Iterator[str]:
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


_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"([0-9]{1,9})([smhdw])")
_WHOLE = re.compile(r"(?:[0-9]{1,9}[smhdw])+")
#: A century: longer than anything that is compared with it.
FOR_EVER = 100 * 366 * 86400


def parse_duration(text: str) -> int:
    """Give a duration in seconds. Raises ValueError when it is none, or as long as a century."""
    plain = text.strip().lower()
    if plain == "0":
        return 0
    if not _WHOLE.fullmatch(plain):
        raise ValueError(f"not a duration: {text!r}")
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(plain))
    if seconds >= FOR_EVER:
        raise ValueError(f"as long as a century: {text!r}")
    return seconds


def short_duration(seconds: int) -> str:
    """Write a duration in the largest units that fit."""
    if seconds <= 0:
        return "0"
    written = []
    for unit in ("d", "h", "m", "s"):
        number, seconds = divmod(seconds, _SECONDS[unit])
        if number:
            written.append(f"{number}{unit}")
    return "".join(written)
