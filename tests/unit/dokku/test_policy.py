"""The plugin's properties: app value, global value, default; sizes and shares."""

from pathlib import Path

import pytest

from dokku_cache.dokku import policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.policy import Share
from dokku_cache.model.errors import UsageError
from dokku_cache.output import text


def put(environment: DokkuEnvironment, owner: str, key: str, value: str) -> None:
    path = Path(environment.lib_root, "config/cache", owner, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value)


@pytest.mark.parametrize(
    ("app", "everywhere", "is_on"),
    [
        ("", "", True),
        ("false", "", False),
        ("", "false", False),
        ("true", "false", True),
        ("false", "true", False),
        ("perhaps", "true", False),
        ("\0\0\0", "true", False),
        ("", "\n", False),
        ("true", "\0", True),
    ],
)
def test_an_app_value_overrides_the_global_value(
    environment: DokkuEnvironment, app: str, everywhere: str, *, is_on: bool
) -> None:
    for owner, value in (("shop", app), ("--global", everywhere)):
        if value:
            put(environment, owner, "auto-purge", value)
    assert policy.is_auto_purge_on(environment, "shop") is is_on


@pytest.mark.parametrize("content", ["", "\n", "\0" * 64])
def test_a_damaged_property_is_invalid_and_removes_nothing(environment: DokkuEnvironment, content: str) -> None:
    for key in policy.PROPERTIES:
        put(environment, "shop", key, content)
        assert policy.read(environment, "shop", key).app == policy.INVALID
    assert not policy.is_auto_purge_on(environment, "shop")
    assert policy.min_age_seconds(environment, "shop") == text.FOR_EVER
    assert policy.max_bytes(environment, "shop") is None


@pytest.mark.parametrize(
    ("app", "everywhere", "seconds"),
    [("", "", 86400), ("0", "7d", 0), ("", "36h", 129600), ("soon", "1d", text.FOR_EVER)],
)
def test_an_invalid_minimum_age_lasts_for_ever(
    environment: DokkuEnvironment, app: str, everywhere: str, seconds: int
) -> None:
    for owner, value in (("shop", app), ("--global", everywhere)):
        if value:
            put(environment, owner, "min-age", value)
    assert policy.min_age_seconds(environment, "shop") == seconds


def test_an_invalid_limit_is_no_limit(environment: DokkuEnvironment) -> None:
    assert policy.min_free(environment) == Share(5000)
    put(environment, "--global", "min-free", "plenty")
    assert policy.min_free(environment) is None
    assert policy.max_bytes(environment, "shop") is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("auto-purge", "yes"),
        ("min-free-action", "stop"),
        ("min-age", "soon"),
        ("min-age", "5"),
        ("min-age", "off"),
        ("max-size", "5%"),
        ("engine-max-size", "much"),
        ("min-free", "0%"),
        ("other", "true"),
        ("", ""),
    ],
)
def test_invalid_properties_and_values_are_refused(key: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"{key} must be |valid properties include: auto-purge, "):
        policy.check(key, value, is_global=True)


@pytest.mark.parametrize(
    ("value", "installed", "refuses"),
    [
        ("warn", "0.38.27", False),
        ("stop", "0.38.27", False),
        ("refuse", "0.38.27", True),
        ("refuse", "0.32.0", True),
        ("refuse", "main", True),
        ("refuse", "0.31.5", False),
    ],
)
def test_deploys_are_refused_only_if_set_and_possible(
    environment: DokkuEnvironment, value: str, installed: str, *, refuses: bool
) -> None:
    Path(environment.lib_root).mkdir(parents=True, exist_ok=True)
    Path(environment.lib_root, "STABLE_VERSION").write_text(installed)
    put(environment, "--global", "min-free-action", value)
    assert policy.refuses_deploys(environment) is refuses


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("5G", 5 << 30),
        ("5 gib", 5 << 30),
        ("500 MB", 500_000_000),
        ("1.5G", 3 << 29),
        ("0.001K", 1),
        ("1B", 1),
        ("2T", 2 << 40),
        ("8191P", (1 << 63) - (1 << 50)),
        (" 7m ", 7 << 20),
    ],
)
def test_sizes_have_a_unit(text: str, size_bytes: int) -> None:
    assert policy.parse_size(text) == size_bytes


@pytest.mark.parametrize(
    "text", ["", "0", "0G", "-1G", "5", "5X", "5 GG", "G", "1e3G", "1,5G", "0.0001G", "1.2345G", "5%", "9999999999G",
             "8192P", "5\nG", "inf", "\u0665G"],
)  # fmt: skip
def test_other_texts_are_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        policy.parse_size(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("5%", Share(5000)), ("0.5 %", Share(500)), ("99.999%", Share(99_999)), ("2G", 2 << 30)]
)
def test_free_space_is_a_size_or_a_share_below_100_percent(text: str, expected: int | Share) -> None:
    assert policy.parse_min_free(text) == expected


@pytest.mark.parametrize("text", ["0%", "100%", "101%", "-5%", "%", "5 per cent", "1.2345%", "0"])
def test_other_texts_are_no_shares(text: str) -> None:
    with pytest.raises(ValueError, match="not a s"):
        policy.parse_min_free(text)
