"""What changes between the plan of a purge, its look at all of it, and its last decision."""

import os
from typing import Any

import pytest

from dokku_cache.errors import Kept, Refused
from dokku_cache.legacy.state import State
from dokku_cache.purge import purger

from .purging_server import AUTOMATIC, TRASH, Server


def purge_beside_a_recent_cache(server: Server) -> None:
    outcome = server.purge(server.find(), AUTOMATIC)
    assert server.there == ["HEAD", "cache", "precious"]
    assert server.is_whole()
    assert outcome
    assert outcome.decision.kept
    assert outcome.decision.kept.state is State.RECENT


def test_what_is_not_due_yet_stays_while_trash_beside_it_goes(server: Server) -> None:
    server.build("shop", is_recent=True, is_foreign=False, is_deep=False)
    server.put_aside()
    walked: list[str] = []
    walk = purger.walk_entry
    server.patch.setattr(
        purger, "walk_entry", lambda at, entry, *more: walked.append(entry.name) or walk(at, entry, *more)
    )
    purge_beside_a_recent_cache(server)
    # Nobody reads through many GB that stay in any case.
    assert walked == [TRASH]


def test_what_becomes_due_while_trash_beside_it_is_looked_at_stays_without_a_failure(server: Server) -> None:
    server.build("shop", is_recent=True, is_foreign=False, is_deep=False)
    server.put_aside()
    walk = purger.walk_entry

    def grow_old(*arguments: Any) -> Any:
        server.set("--global", "min-age", "0")
        return walk(*arguments)

    server.patch.setattr(purger, "walk_entry", grow_old)
    purge_beside_a_recent_cache(server)


def test_what_becomes_due_after_the_plan_is_left_to_the_next_one(server: Server) -> None:
    """By itself it is no failure, even where nothing else is to be done; whoever asks is told to ask again."""
    server.build("shop", is_recent=True, is_foreign=False, is_deep=False)
    planned = server.find()
    server.set("--global", "min-age", "0")
    with pytest.raises(Kept, match="recent: it was written"):
        server.purge(planned, AUTOMATIC)
    assert server.is_whole()


@pytest.mark.parametrize("is_planned", [True, False])
def test_a_due_cache_that_was_away_while_all_was_looked_at_is_told_of(server: Server, *, is_planned: bool) -> None:
    server.put_aside()
    server.build("shop", is_recent=False, is_foreign=False, is_deep=False)
    there, cache, away = server.find(), server.cache("shop"), server.place / "away"
    cache.rename(away)
    planned = there if is_planned else server.find()
    walk = purger.walk_entry

    def come_back(*arguments: Any) -> Any:
        away.rename(cache)
        return walk(*arguments)

    server.patch.setattr(purger, "walk_entry", come_back)
    with pytest.raises(Refused, match="was replaced while it was being examined"):
        server.purge(planned)
    assert server.there == [TRASH, "HEAD", "cache", "precious"]


def test_a_cache_that_another_purge_has_put_aside_meanwhile_is_not_said_to_be_recent(server: Server) -> None:
    server.build("shop", is_recent=True, is_foreign=False, is_deep=False)
    planned, cache = server.find(), server.cache("shop")
    cache.rename(cache.with_name(TRASH))
    with pytest.raises(Refused, match="was replaced while it was being examined"):
        server.purge(planned, AUTOMATIC)
    assert server.there == [TRASH, "HEAD", "precious"]


def test_what_is_not_due_yet_is_no_failure_of_what_happens_by_itself(server: Server) -> None:
    planned = server.find()
    server.build("shop", is_recent=True, is_foreign=False, is_deep=False)
    with pytest.raises(Kept, match="recent: it was written"):
        server.purge(server.find(), AUTOMATIC)
    server.set_version("0.30.11")
    with pytest.raises(Refused, match=r"active: Dokku 0\.30\.11 still builds in it") as refused:
        server.purge(planned)
    assert not isinstance(refused.value, Kept)
    assert server.is_whole()


@pytest.mark.parametrize(
    ("is_made_anew", "words"),
    [(False, r"changed while it was examined \(No such file or directory\)"), (True, r"\(cache was replaced\)")],
)
def test_a_cache_that_changes_while_it_is_examined_is_refused(
    server: Server, words: str, *, is_made_anew: bool
) -> None:
    walk, cache = purger.walk_entry, server.cache("shop")

    def interfere(*arguments: Any) -> Any:
        cache.rename(server.place / "elsewhere")
        if is_made_anew:
            cache.mkdir()
            (cache / "kept").touch()
        return walk(*arguments)

    server.patch.setattr(purger, "walk_entry", interfere)
    with pytest.raises(Refused, match=words):
        server.purge(server.find())
    assert not is_made_anew or os.listdir(cache) == ["kept"]


def test_a_cache_that_was_made_anew_after_the_plan_stays(server: Server) -> None:
    planned, cache = server.find(), server.cache("shop")
    cache.rename(server.place / "elsewhere")
    server.build("shop", is_recent=False, is_foreign=False, is_deep=False)
    with pytest.raises(Refused, match="was replaced while it was being examined"):
        server.purge(planned)
    assert server.is_whole()
