"""Numbers and names as people read them, and values for programs."""

import json
from collections.abc import Mapping
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
