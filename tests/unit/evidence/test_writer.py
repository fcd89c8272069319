"""Whose files a build leaves."""

import pwd

import pytest

from dokku_cache.evidence import writer
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.tree.contents import Inside

ACCOUNTS = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
FREE = next(uid for uid in range(40000, 60000) if uid not in ACCOUNTS.values())


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    writer.account.cache_clear()


@pytest.mark.parametrize("owners", [{32767}, {0}, {FREE}, {132767}, {32767, 0, FREE}, set()])
def test_herokuishs_user_root_and_who_has_no_account_are_builds(owners: set[int]) -> None:
    assert writer.judge(Inside(frozenset(owners)), "dokku").holds is True


@pytest.mark.parametrize("name", ["www-data", "nobody", "games"])
def test_a_named_account_of_the_host_speaks_against_it(name: str) -> None:
    judged = writer.judge(Inside(frozenset({32767, ACCOUNTS[name]})), "dokku")
    assert judged.holds is False
    assert name in judged.text
    assert judged.code is ReasonCode.UNEXPECTED_OWNER


def test_dokkus_own_user_is_a_build_whatever_it_is_called() -> None:
    owners = frozenset({ACCOUNTS["games"]})
    assert writer.judge(Inside(owners), "games").holds is True
    assert writer.judge(Inside(owners), "dokku").holds is False


@pytest.mark.parametrize("inside", [Inside(frozenset({32767}), closed=1), Inside(frozenset({32767}), is_whole=False)])
def test_what_was_not_looked_at_proves_nothing(inside: Inside) -> None:
    assert writer.judge(inside, "dokku").holds is None


def test_a_stranger_counts_even_where_not_everything_was_seen() -> None:
    assert writer.judge(Inside(frozenset({ACCOUNTS["www-data"]}), closed=1), "dokku").holds is False


def test_who_wrote_it_is_named_by_account_or_by_number() -> None:
    owners = frozenset({32767, ACCOUNTS["games"], FREE})
    named = ", ".join(sorted(["games", f"uid {FREE}", "uid 32767"]))
    assert writer.judge(Inside(owners), "games").text == f"it belongs to {named}, as builds left it"
    assert writer.judge(Inside(owners), "dokku").text == "files in it belong to games, as whom no build runs"


def test_an_account_that_somebody_gave_herokuishs_number_speaks_against_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "account", lambda _: "herokuish")
    assert writer.judge(Inside(frozenset({32767})), "dokku").holds is True
    assert writer.judge(Inside(frozenset({32766, 32768})), "dokku").holds is False
