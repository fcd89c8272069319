"""App beats global beats default."""

from pathlib import Path

import pytest

from dokku_cache.dokku import policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import UsageError
from dokku_cache.evidence import durations


# promise: policy
@pytest.mark.parametrize(
    ("app", "everywhere", "is_on"),
    [
        ("", "", True),
        ("false", "", False),
        ("", "false", False),
        ("true", "false", True),
        ("false", "true", False),
        ("perhaps", "true", False),
    ],
)
def test_the_nearest_value_holds(environment: DokkuEnvironment, app: str, everywhere: str, *, is_on: bool) -> None:
    for owner, value in (("shop", app), ("--global", everywhere)):
        if value:
            path = Path(environment.lib_root, "config/cache", owner, "auto-purge")
            path.parent.mkdir(parents=True)
            path.write_text(value)
    assert policy.is_auto_purge_on(environment, "shop") is is_on


# promise: policy
@pytest.mark.parametrize(
    ("app", "everywhere", "seconds"),
    [("", "", 86400), ("0", "7d", 0), ("", "36h", 129600), ("soon", "1d", durations.FOR_EVER)],
)
def test_the_quiet_time_is_a_duration_and_anything_else_is_for_ever(
    environment: DokkuEnvironment, app: str, everywhere: str, seconds: int
) -> None:
    for owner, value in (("shop", app), ("--global", everywhere)):
        if value:
            path = Path(environment.lib_root, "config/cache", owner, "quiet-time")
            path.parent.mkdir(parents=True)
            path.write_text(value)
    assert policy.quiet_seconds(environment, "shop") == seconds


@pytest.mark.parametrize(
    ("key", "value"),
    [("auto-purge", "yes"), ("quiet-time", "soon"), ("quiet-time", "5"), ("other", "true"), ("", "")],
)
def test_what_a_property_cannot_be_is_refused(key: str, value: str) -> None:
    with pytest.raises(UsageError):
        policy.check(key, value, is_global=True)


@pytest.mark.parametrize(("key", "value"), [("auto-purge", ""), ("auto-purge", "false"), ("quiet-time", "7d")])
def test_what_it_can_be_is_taken(key: str, value: str) -> None:
    policy.check(key, value, is_global=True)
