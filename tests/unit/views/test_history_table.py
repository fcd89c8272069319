"""``cache:history``: rows for a person, values for programs."""

import io
import json

import pytest
from schemas import check_document

from dokku_cache.dokku.history import Record
from dokku_cache.output.console import Console
from dokku_cache.output.text import serialized
from dokku_cache.views import history_table

RECORDS = (
    Record("oldblog", "2026-10-31T23:59:58+00:00", "manual", 62 << 20, 1000, 0.9),
    Record("shop", "2026-11-25T23:14:02+00:00", "cron", 1536, 1, 125.0),
    Record("shop", "2026-11-26T03:30:00+00:00", "cron", 512, 3, 1.0, failure="Docker\nfell silent"),
    Record("shop", "2026-11-27T03:30:00+00:00", "deploy", 512, 2, 1.0),
)


def shown(*records: Record, is_quiet: bool = False) -> list[str]:
    out = io.StringIO()
    history_table.show(Console(is_quiet=is_quiet, out=out, err=out), records)
    return out.getvalue().splitlines()


def test_each_purge_has_a_row_and_each_month_its_total() -> None:
    lines = shown(*RECORDS)
    assert [line.split()[-3:] for line in lines[2:4]] == [["s", "1,000", "files"], ["s", "1", "file"]]
    assert lines[4].endswith("failed: Docker\\nfell silent")
    assert [line.strip() for line in lines[6:]] == [
        "2026-10: 62.0 MiB freed by 1 purge",
        "2026-11: 2.0 KiB freed by 2 purges",
    ]
    assert shown(*RECORDS, is_quiet=True) == lines[1:6]


def test_months_are_summed_whatever_the_order_and_the_clock_did() -> None:
    values = history_table.values((RECORDS[1], RECORDS[0], RECORDS[3]))
    assert [(month["month"], month["purges"]) for month in values["months"]] == [("2026-10", 1), ("2026-11", 2)]


VOLUMES = (
    Record("shop", "2026-11-27T03:30:00+00:00", "cron", 512, seconds=1.0, kind="pack", location="pack-cache-x"),
    Record("", "2026-11-28T03:30:00+00:00", "cron", 2048, seconds=1.0, kind="engine"),
)


def test_volumes_and_dockers_build_cache_have_rows() -> None:
    lines = shown(*VOLUMES)
    assert lines[2].endswith("volume pack-cache-x")
    assert lines[3].endswith("Docker's build cache")


@pytest.mark.parametrize("records", [(), RECORDS, VOLUMES])
def test_values_match_the_schema(records: tuple[Record, ...]) -> None:
    values = json.loads(serialized(history_table.values(records), "json"))
    check_document("history", values)
    assert [purge["app"] for purge in values["purges"]] == [record.app or None for record in records]
    assert serialized(history_table.values(records), "yaml").startswith("---")


def test_control_characters_in_the_file_are_escaped() -> None:
    assert "\x1b" not in "".join(shown(Record("\x1b[31m", "", "by \n itself", 1, 1)))
