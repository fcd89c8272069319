"""Durations as people write them."""

import pytest

from dokku_cache.rules import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
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
def test_a_duration_is_read(text: str, seconds: int) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "7", "d", "-1d", "1.5h", "1 d", "7days", "1d;reboot", "999999999w", "36600d", "1d\n2h", "٣d"]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|century"):
        durations.parse(text)


@pytest.mark.parametrize("text", ["0", "1s", "30s", "36h", "7d", "1d12h", "2h5m"])
def test_what_is_written_is_read_as_the_same(text: str) -> None:
    assert durations.parse(durations.as_text(durations.parse(text))) == durations.parse(text)
