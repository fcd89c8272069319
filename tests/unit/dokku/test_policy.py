"""App beats global beats default."""

from pathlib import Path

import pytest

from dokku_cache.dokku import policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.policy import Share
from dokku_cache.errors import UsageError
from dokku_cache.rules import durations


@pytest.mark.parametrize(
    ("app", "everywhere", "is_on"),
    [
        ("", "", True),
        ("false", "", False),
        ("", "false", False),
        ("true", "false", True),
        ("false", "true", False),
        ("perhaps", "true", False),
        ("\n", "true", False),
        ("\0\0\0", "true", False),
        ("", "\n", False),
        ("true", "\0", True),
    ],
)
def test_the_nearest_value_holds(environment: DokkuEnvironment, app: str, everywhere: str, *, is_on: bool) -> None:
    for owner, value in (("shop", app), ("--global", everywhere)):
        if value:
            path = Path(environment.lib_root, "config/cache", owner, "auto-purge")
            path.parent.mkdir(parents=True)
            path.write_text(value)
    assert policy.is_auto_purge_on(environment, "shop") is is_on


@pytest.mark.parametrize("content", ["", "\n", "\0" * 64])
def test_a_damaged_property_is_invalid_and_removes_nothing(environment: DokkuEnvironment, content: str) -> None:
    for key in policy.PROPERTIES:
        path = Path(environment.lib_root, "config/cache/shop", key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        assert policy.read(environment, "shop", key).app == policy.INVALID
    assert not policy.is_auto_purge_on(environment, "shop")
    assert policy.min_age_seconds(environment, "shop") == durations.FOR_EVER
    assert policy.max_bytes(environment, "shop") is None


@pytest.mark.parametrize(
    ("app", "everywhere", "seconds"),
    [("", "", 86400), ("0", "7d", 0), ("", "36h", 129600), ("soon", "1d", durations.FOR_EVER)],
)
def test_the_min_age_is_a_duration_and_anything_else_is_for_ever(
    environment: DokkuEnvironment, app: str, everywhere: str, seconds: int
) -> None:
    for owner, value in (("shop", app), ("--global", everywhere)):
        if value:
            path = Path(environment.lib_root, "config/cache", owner, "min-age")
            path.parent.mkdir(parents=True)
            path.write_text(value)
    assert policy.min_age_seconds(environment, "shop") == seconds


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("auto-purge", "yes", "auto-purge must be true or false, not 'yes'"),
        ("min-free-action", "stop", "min-free-action must be warn or refuse, not 'stop'"),
        ("min-age", "soon", "min-age must be a duration such as"),
        ("min-age", "5", "min-age must be a duration such as"),
        ("min-age", "off", "min-age must be a duration such as"),
        ("max-size", "5%", "max-size must be a size such as"),
        ("engine-max-size", "much", "engine-max-size must be a size such as"),
        ("min-free", "0%", "min-free must be a size such as .*, a percentage such as 5%, or off, not '0%'"),
        ("other", "true", "Invalid property specified, valid properties include: auto-purge, "),
        ("", "", "Invalid property specified"),
    ],
)
def test_what_a_property_cannot_be_is_refused_and_what_it_can_be_is_said(key: str, value: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        policy.check(key, value, is_global=True)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("auto-purge", ""),
        ("auto-purge", "false"),
        ("min-age", "7d"),
        ("max-size", "5G"),
        ("max-size", "off"),
        ("engine-max-size", "500 MB"),
        ("min-free", "5%"),
        ("min-free", "2G"),
        ("min-free", "off"),
        ("min-free-action", "refuse"),
    ],
)
def test_what_it_can_be_is_taken(key: str, value: str) -> None:
    policy.check(key, value, is_global=True)


@pytest.mark.parametrize("key", list(policy.PROPERTIES))
def test_what_holds_for_the_server_cannot_be_set_for_an_app(key: str) -> None:
    if key in {"auto-purge", "max-size", "min-age"}:
        policy.check(key, "", is_global=False)
        return
    with pytest.raises(UsageError, match=f"{key} can only be set with --global"):
        policy.check(key, "", is_global=False)


def set_everywhere(environment: DokkuEnvironment, key: str, value: str) -> None:
    path = Path(environment.lib_root, "config/cache/--global", key)
    path.parent.mkdir(parents=True)
    path.write_text(value)


def test_a_bound_that_only_a_hand_can_have_written_bounds_nothing(environment: DokkuEnvironment) -> None:
    assert policy.min_free(environment) == Share(5000)
    set_everywhere(environment, "min-free", "plenty")
    assert policy.min_free(environment) is None
    assert policy.max_bytes(environment, "shop") is None


@pytest.mark.parametrize(
    ("value", "installed", "refuses"),
    [
        ("", "0.38.27", False),
        ("warn", "0.38.27", False),
        ("refuse", "0.38.27", True),
        ("refuse", "0.32.0", True),
        ("refuse", "main", True),
        ("refuse", "0.31.5", False),
        ("stop", "0.38.27", False),
    ],
)
def test_a_deploy_is_refused_only_where_that_was_asked_for_and_can_be(
    environment: DokkuEnvironment, value: str, installed: str, *, refuses: bool
) -> None:
    Path(environment.lib_root).mkdir(parents=True, exist_ok=True)
    Path(environment.lib_root, "STABLE_VERSION").write_text(installed)
    set_everywhere(environment, "min-free-action", value)
    assert policy.refuses_deploys(environment) is refuses
