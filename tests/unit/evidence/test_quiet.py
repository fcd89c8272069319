"""Whether somebody writes."""

import pytest

from dokku_cache.evidence import quiet
from dokku_cache.model.reason_code import ReasonCode

NOW = 1_700_000_000.0
DAY = 86400


@pytest.mark.parametrize(
    ("newest", "min_age_seconds", "is_walked", "holds"),
    [
        (NOW - DAY - 1, DAY, True, True),
        (NOW - DAY + 1, DAY, True, False),
        (NOW, DAY, True, False),
        (NOW - DAY + 1, DAY, False, False),
        (NOW - DAY - 1, DAY, False, None),
        (None, DAY, True, True),
        (None, DAY, False, None),
        (NOW, 0, False, True),
        (NOW, 1, True, False),
        (NOW - DAY, DAY, True, True),
    ],
)
def test_what_was_written_within_the_min_age_is_not_quiet(
    newest: float | None, min_age_seconds: int, is_walked: bool, holds: bool | None
) -> None:
    assert quiet.judge(newest, NOW, min_age_seconds, is_walked=is_walked).holds is holds


def test_it_says_when_it_was_written() -> None:
    judged = quiet.judge(NOW, NOW, DAY, is_walked=True)
    assert "2023-11-14 22:13 UTC" in judged.text
    assert "1d" in judged.text
    assert judged.code is ReasonCode.RECENTLY_MODIFIED
