"""Durations as people write them."""

import pytest

from dokku_cache.output.text import parse_duration, short_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("0", 0),
        ("30s", 30),
        ("90m", 5400),
        ("36h", 129600),
        ("7d", 604800),
        ("1w", 604800),
        ("1d12h", 129600),
        (" 7D ", 604800),
    ],
)
def test_a_duration_is_read_and_written(written: str, seconds: int) -> None:
    assert parse_duration(written) == seconds
    assert parse_duration(short_duration(seconds)) == seconds


@pytest.mark.parametrize(
    "written", ["", "7", "d", "-1d", "1.5h", "1 d", "7days", "1d;reboot", "999999999w", "36600d", "1d\n2h", "٣d"]
)
def test_what_is_none_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"duration|century"):
        parse_duration(written)
