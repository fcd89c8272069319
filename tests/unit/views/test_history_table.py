"""``cache:history``: what was purged, for a person and for programs."""

import io
import json

import pytest
from schemas import check_document

from dokku_cache.output.console import Console
from dokku_cache.output.serialized import as_text
from dokku_cache.records.history import Record
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


def test_each_purge_has_its_line_and_each_month_its_sum() -> None:
    assert shown(*RECORDS) == [
        "=====> Purge history",
        "       2026-10-31 23:59  oldblog  manual      62.0 MiB  1,000 files in 0.9 s",
        "       2026-11-25 23:14  shop     cron         1.5 KiB  1 file in 2 min 5 s",
        "       2026-11-26 03:30  shop     cron      failed: Docker\\nfell silent",
        "       2026-11-27 03:30  shop     deploy         512 B  2 files in 1.0 s",
        "       2026-10: 62.0 MiB freed by 1 purge",
        "       2026-11: 2.0 KiB freed by 2 purges",
    ]


def test_quiet_leaves_the_lines_alone_and_nothing_is_said_to_be_that() -> None:
    assert shown(*RECORDS, is_quiet=True) == shown(*RECORDS)[1:-2]
    assert shown() == ["=====> Purge history", "       Nothing was purged yet"]


def test_months_are_summed_whatever_the_order_and_the_clock_did() -> None:
    values = history_table.values((RECORDS[1], RECORDS[0], RECORDS[3]))
    assert [(month["month"], month["purges"]) for month in values["months"]] == [("2026-10", 1), ("2026-11", 2)]


VOLUMES = (
    Record("shop", "2026-11-27T03:30:00+00:00", "cron", 512, seconds=1.0, kind="pack", location="pack-cache-x"),
    Record("", "2026-11-28T03:30:00+00:00", "cron", 2048, seconds=1.0, kind="engine"),
)


def test_a_volume_and_the_engines_own_cache_have_lines_too() -> None:
    assert shown(*VOLUMES) == [
        "=====> Purge history",
        "       2026-11-27 03:30  shop  cron           512 B  volume pack-cache-x in 1.0 s",
        "       2026-11-28 03:30  -     cron         2.0 KiB  Docker's build cache in 1.0 s",
        "       2026-11: 2.5 KiB freed by 2 purges",
    ]


@pytest.mark.parametrize("records", [(), RECORDS, VOLUMES])
def test_programs_get_what_the_page_describes(records: tuple[Record, ...]) -> None:
    values = json.loads(as_text(history_table.values(records), "json"))
    check_document("history", values)
    assert [purge["app"] for purge in values["purges"]] == [record.app or None for record in records]
    assert as_text(history_table.values(records), "yaml").startswith("---")


def test_what_a_hand_has_written_into_the_file_ends_nothing() -> None:
    assert shown(Record("\x1b[31m", "", "by \n itself", 1, 1))[1].count("\x1b") == 0
