"""``cache:history``: one row per purge, and the total of each month."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from dokku_cache.dokku.history import LEGACY, Record
from dokku_cache.output import text
from dokku_cache.output.console import Console
from dokku_cache.output.text import SCHEMA_VERSION, Column

#: Characters of an RFC 3339 time up to the month, and up to the minute.
_MONTH, _MINUTE = 7, 16
_COLUMNS = (
    Column("TIME (UTC)"),
    Column("APP", min_width=12),
    Column("BY"),
    Column("SIZE", is_number=True),
    Column("DURATION", is_number=True, drop_rank=1),
    Column("REMOVED", min_width=30),
)


def show(console: Console, records: Sequence[Record]) -> None:
    """Show the purges, the last one at the end, and the total of each month. ``--quiet`` leaves only the table."""
    console.heading("Purge history")
    if not records:
        console.detail("Nothing was purged yet")
        return
    for line in text.table(_COLUMNS, [_row(record) for record in records], console.columns):
        console.result(line)
    for month, size_bytes, purges in _months(records):
        console.detail(f"{month}: {text.size(size_bytes)} freed by {text.count(purges, 'purge')}")


def _row(record: Record) -> tuple[str, ...]:
    begin = (record.at[:_MINUTE].replace("T", " "), record.app or "-", record.by)
    if record.failure:
        return (*begin, "-", "-", f"failed: {record.failure}")
    what = text.count(record.files, "file") if record.kind == LEGACY else "Docker's build cache"
    what = f"volume {record.location}" if record.location else what
    return (*begin, text.size(record.size_bytes), text.duration(record.seconds), what)


def _months(records: Sequence[Record]) -> Iterator[tuple[str, int, int]]:
    """Return each month with the freed bytes and the number of purges."""
    ordered = sorted(records, key=lambda record: record.at)
    for month, group in groupby(ordered, key=lambda record: text.printable(record.at[:_MONTH])):
        done = [record for record in group if not record.failure]
        yield month, sum(record.size_bytes for record in done), len(done)


def values(records: Sequence[Record]) -> dict[str, Any]:
    """Return the same as plain values, see docs/schemas/history.json."""
    return {
        "months": [
            {"freed-bytes": size_bytes, "month": month, "purges": purges}
            for month, size_bytes, purges in _months(records)
        ],
        "purges": [
            {
                "app": record.app or None,
                "at": record.at,
                "by": record.by,
                "failure": record.failure or None,
                "files": record.files if record.kind == LEGACY else None,
                "kind": record.kind,
                "location": record.location or None,
                "seconds": record.seconds,
                "size-bytes": record.size_bytes,
            }
            for record in records
        ],
        "schema-version": SCHEMA_VERSION,
    }
