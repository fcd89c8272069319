"""Sizes and shares as people write them."""

import pytest

from dokku_cache.dokku import policy
from dokku_cache.dokku.policy import Share


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("5G", 5 << 30),
        ("5GiB", 5 << 30),
        ("5 gib", 5 << 30),
        ("500 MB", 500_000_000),
        ("1.5G", 3 << 29),
        ("0.001K", 1),
        ("1B", 1),
        ("2T", 2 << 40),
        ("3P", 3 << 50),
        ("8191P", (1 << 63) - (1 << 50)),
        (" 7m ", 7 << 20),
    ],
)
def test_a_size_is_a_number_and_its_unit(text: str, size_bytes: int) -> None:
    assert policy.parse_size(text) == size_bytes


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "0G",
        "-1G",
        "5",
        "5X",
        "5 GG",
        "G",
        "1e3G",
        "1,5G",
        "0.0001G",
        "1.2345G",
        "5%",
        "9999999999G",
        "8192P",
        "99999P",
        "5\nG",
        "inf",
        "\u0665G",
    ],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a s"):
        policy.parse_size(text)


@pytest.mark.parametrize(("text", "least"), [("5%", Share(5000)), ("0.5 %", Share(500)), ("99.999%", Share(99_999))])
def test_a_share_is_below_all_of_it(text: str, least: Share) -> None:
    assert policy.parse_min_free(text) == least


@pytest.mark.parametrize("text", ["0%", "100%", "101%", "-5%", "%", "5 per cent", "1.2345%", "0"])
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a s"):
        policy.parse_min_free(text)


def test_where_a_share_may_stand_a_size_may_too() -> None:
    assert policy.parse_min_free("2G") == 2 << 30


def test_a_share_is_exact_for_the_largest_disks() -> None:
    assert Share(5000).of(10**18) == 5 * 10**16
