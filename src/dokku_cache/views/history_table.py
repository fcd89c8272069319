"""``cache:history``: a line a purge, and the sums of each month."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from dokku_cache.output import text
from dokku_cache.output.console import Console
from dokku_cache.output.serialized import SCHEMA_VERSION
from dokku_cache.records.history import LEGACY, Record

_INDENT = " " * 7
#: As many characters of a time (RFC 3339) tell its month; as many its minute.
_MONTH, _MINUTE = 7, 16


def show(console: Console, records: Sequence[Record]) -> None:
    """Show the purges, the last one at the end, and what each month came to. ``--quiet`` leaves the lines alone."""
    console.heading("Purge history")
    if not records:
        console.detail("Nothing was purged yet")
        return
    width = max(len(_app(record)) for record in records)
    for record in records:
        console.result(_INDENT + _line(record, width))
    for month, size_bytes, purges in _months(records):
        console.detail(f"{month}: {text.size(size_bytes)} freed by {text.count(purges, 'purge')}")


def _line(record: Record, width: int) -> str:
    when = text.printable(record.at[:_MINUTE].replace("T", " "))
    begin = f"{when}  {_app(record):<{width}}  {text.printable(record.by):<8}"
    if record.failure:
        return f"{begin}  failed: {text.printable(record.failure)}"
    return f"{begin}  {text.size(record.size_bytes):>10}  {_what(record)} in {text.duration(record.seconds)}"


def _app(record: Record) -> str:
    return text.printable(record.app) or "-"


def _what(record: Record) -> str:
    if record.location:
        return text.printable(f"volume {record.location}")
    return text.count(record.files, "file") if record.kind == LEGACY else "Docker's build cache"


def _months(records: Sequence[Record]) -> Iterator[tuple[str, int, int]]:
    """Give each month with the bytes that were freed in it, and by how many purges."""
    ordered = sorted(records, key=lambda record: record.at)
    for month, of_month in groupby(ordered, key=lambda record: text.printable(record.at[:_MONTH])):
        done = [record for record in of_month if not record.failure]
        yield month, sum(record.size_bytes for record in done), len(done)


def values(records: Sequence[Record]) -> dict[str, Any]:
    """Give the same as plain values: docs/formats.md is their description."""
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
