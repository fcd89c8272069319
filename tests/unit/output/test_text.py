"""Words and numbers."""

import pytest

from dokku_cache.output import text


@pytest.mark.parametrize(
    ("size_bytes", "expected"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1024**2 - 1, "1.0 MiB"),
        (22 * 1024**3, "22.0 GiB"),
        (5 * 1024**6, "5120.0 PiB"),
    ],
)
def test_sizes_are_binary(size_bytes: int, expected: str) -> None:
    assert text.size(size_bytes) == expected


def test_one_is_singular() -> None:
    assert [text.count(number, "file") for number in (0, 1, 20000)] == ["0 files", "1 file", "20,000 files"]
    assert text.count(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.4, "12 s"), (185, "3 min 5 s")]
)
def test_time_spans(seconds: float, expected: str) -> None:
    assert text.duration(seconds) == expected


def test_what_would_spoil_a_terminal_is_escaped() -> None:
    assert text.printable("a\nb\x1b[31m\udcff gr\u00fc\u00df") == "a\\nb\\x1b[31m\\udcff gr\u00fc\u00df"


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
    assert text.parse_duration(written) == seconds
    assert text.parse_duration(text.short_duration(seconds)) == seconds


@pytest.mark.parametrize(
    "written", ["", "7", "d", "-1d", "1.5h", "1 d", "7days", "1d;reboot", "999999999w", "36600d", "1d\n2h", "٣d"]
)
def test_what_is_none_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"duration|century"):
        text.parse_duration(written)
