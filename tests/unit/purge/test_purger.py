"""One purge, step by step: what stops it leaves the cache as it was, or says what is left and how to go on."""

import errno
import fcntl
import os
from typing import Any

import pytest

from dokku_cache.dokku import locks
from dokku_cache.engine.helper import GENTLE_WORKERS, WORKERS, Helper
from dokku_cache.errors import Interrupted, Kept, NotBegun, PartlyRemoved, PutBack, Refused, Unestablished
from dokku_cache.legacy.proof import Usage
from dokku_cache.legacy.sighting import TRASH_PREFIX
from dokku_cache.legacy.state import Mode
from dokku_cache.purge import purger
from dokku_cache.purge.purger import LEFT_TO_DEPLOY, Request
from dokku_cache.survey.surveyor import Surveyor

from .purging_server import AUTOMATIC, BY_HAND, TRASH, Server

NEXT = "'dokku cache:purge-legacy shop' goes on from there"


def test_a_dead_cache_goes_and_nothing_else_of_the_app(server: Server) -> None:
    outcome = server.purge(server.find())
    assert server.there == ["HEAD", "precious"]
    assert outcome
    assert (outcome.app, outcome.measured.entries, outcome.removed_ghost) == ("shop", 3, False)
    assert 0 <= outcome.seconds < 60


def test_what_an_earlier_purge_left_running_is_stopped_before_anything_is_measured(server: Server) -> None:
    server.patch.setattr(Helper, "remove_stale", lambda _: server.happened.append("stale"))
    server.purge(server.find())
    assert server.happened == ["stale", "measuring"]


@pytest.mark.parametrize("request_", [BY_HAND, AUTOMATIC])
def test_one_that_went_meanwhile_is_nothing_to_do(server: Server, request_: Request) -> None:
    planned = server.find()
    server.cache("shop").rename(server.place / "elsewhere")
    assert server.purge(planned, request_) is None


@pytest.mark.parametrize(("is_file", "words"), [(False, "was destroyed meanwhile"), (True, "cannot be opened")])
def test_an_app_that_went_meanwhile_is_refused_in_words(server: Server, *, is_file: bool, words: str) -> None:
    planned = server.find()
    server.app.rename(server.place / "elsewhere")
    if is_file:
        server.app.write_text("")
    with pytest.raises(Refused, match=words):
        server.purge(planned)


def test_while_another_purge_of_the_app_runs_nothing_is_looked_at(server: Server) -> None:
    planned = server.find()
    other = os.open(server.app, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(Refused, match="another purge of shop is running"):
        server.purge(planned)
    os.close(other)
    assert server.happened == []
    assert server.is_whole()


@pytest.mark.parametrize("mode", [Mode.NAMED, Mode.ALL, Mode.AUTOMATIC, Mode.FINISH])
@pytest.mark.parametrize("is_begun_later", [False, True])
def test_a_cache_stays_while_its_app_is_deployed(server: Server, mode: Mode, *, is_begun_later: bool) -> None:
    server.put_aside()
    planned, there = server.find(), server.there
    if is_begun_later:
        server.meanwhile = lambda: server.begin_deploy("shop")
    else:
        server.begin_deploy("shop")
    with pytest.raises(Refused, match="App shop is being deployed") as refused:
        server.purge(planned, Request(mode=mode))
    assert server.there == there
    # Nobody waits for the measuring of many GB to hear that.
    assert server.happened == (["measuring"] if is_begun_later else [])
    if mode in {Mode.AUTOMATIC, Mode.FINISH}:
        assert isinstance(refused.value, Kept)
        assert refused.value.state_and_reason == LEFT_TO_DEPLOY
    else:
        assert not isinstance(refused.value, Kept)


def test_what_belongs_to_a_deploy_is_not_held_up_by_its_lock(server: Server) -> None:
    server.begin_deploy("shop")
    server.purge(server.find(), Request(in_deploy=True))
    assert server.there == ["HEAD", "precious"]


@pytest.mark.parametrize(
    ("wish", "expected"), [({}, [0, 0, 0]), ({"lock_wait_seconds": 7, "deploy_wait_seconds": 9}, [7, 9, 9])]
)
def test_it_is_waited_for_other_purges_and_deploys_as_long_as_is_asked_for(
    server: Server, wish: dict[str, Any], expected: list[float]
) -> None:
    waited: list[float] = []
    server.patch.setattr(locks, "hold", lambda _, seconds: waited.append(seconds))
    server.patch.setattr(locks, "is_deployed_for", lambda _, __, seconds: bool(waited.append(seconds)))
    server.purge(server.find(), Request(**wish))
    assert waited == expected


def test_a_container_that_comes_with_the_rename_gets_the_cache_back(server: Server) -> None:
    container = server._container("shop")
    server.patch.setattr(
        server.docker,
        "containers",
        lambda **asked: [] if "filters" in asked or server.cache("shop").exists() else [container],
    )
    with pytest.raises(Refused, match=r"is in use: container shop\.web\.1 mounts it at /x"):
        server.purge(server.find())
    assert server.is_whole()


@pytest.mark.parametrize(
    ("usage", "words", "hint"),
    [
        (Usage(uses=("a job has it",), remedies=("end it",)), "is in use: a job has it", "end it"),
        (
            Usage(uses=("a job has it",)),
            "is in use: a job has it",
            "it has its name again: purge it when nobody uses it",
        ),
        (Usage(unknown=("nobody says",), remedies=("ask", "again")), "may be in use: nobody says", "ask; again"),
        (Usage(uses=("a job",), unknown=("nobody says",)), "is in use: a job; nobody says", "it has its name again"),
    ],
)
def test_who_uses_it_after_the_rename_is_named_and_what_to_do(
    server: Server, usage: Usage, words: str, hint: str
) -> None:
    server.patch.setattr(Surveyor, "users_after_rename", lambda *_: usage)
    with pytest.raises(Refused, match=f"The legacy cache of shop {words}$") as refused:
        server.purge(server.find())
    assert refused.value.hint.startswith(hint)
    assert server.is_whole()


@pytest.mark.parametrize("is_foreign", [False, True])
def test_what_the_deleting_needs_is_there_before_the_rename_and_asked_for_only_where_it_is_needed(
    server: Server, *, is_foreign: bool
) -> None:
    seen: list[bool] = []
    server.patch.setattr(Helper, "prepare", lambda _: seen.append(server.is_whole()))
    if is_foreign:
        server.let_foreign()
    server.purge(server.find())
    assert seen == [True] * is_foreign
    assert server.there == ["HEAD", "precious"]


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EACCES, "check that user dokku can write to"),
        (errno.EPERM, "chattr -R -i"),
        (errno.EXDEV, "findmnt"),
        (errno.EDQUOT, "raise the quota"),
        (errno.EROFS, "dmesg"),
    ],
)
def test_a_cache_that_cannot_be_renamed_is_refused_with_a_hint_that_fits(
    server: Server, number: int, hint: str
) -> None:
    def rename(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    server.patch.setattr(os, "rename", rename)
    with pytest.raises(Refused, match=rf"cannot be renamed \({os.strerror(number)}\)") as refused:
        server.purge(server.find())
    assert hint in refused.value.hint
    assert server.is_whole()


@pytest.mark.parametrize(("wish", "workers"), [({}, WORKERS), ({"is_gentle": True}, GENTLE_WORKERS)])
def test_what_runs_beside_a_deploy_is_gentle_whoever_deletes(
    server: Server, wish: dict[str, Any], workers: int
) -> None:
    seen: list[tuple[int, bool]] = []
    delete = purger.delete_trash

    def delete_trash(*given: Any) -> None:
        seen.append((given[4], given[2]._is_gentle))
        delete(*given)

    server.patch.setattr(purger, "delete_trash", delete_trash)
    server.purge(server.find(), Request(**wish))
    assert seen == [(workers, workers == GENTLE_WORKERS)]


@pytest.mark.parametrize("lives", [False, True])
def test_an_empty_directory_goes_with_its_cache_unless_an_app_of_its_name_lives(
    server: Server, *, lives: bool
) -> None:
    for name in ("HEAD", "precious", "cache/link"):
        (server.app / name).unlink()
    if lives:
        image = {"RepoTags": ["dokku/shop:latest"], "Labels": {"com.dokku.app-name": "shop"}}
        server.patch.setattr(server.docker, "images", lambda **_: [image])
    outcome = server.purge(server.find())
    assert outcome
    assert outcome.removed_ghost is not lives
    assert server.app.exists() is lives
    assert not server.cache("shop").exists()


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (Unestablished("Docker died"), "The legacy cache of shop is not wholly deleted: Docker died", NEXT),
        (
            Unestablished("Docker died", "mend it"),
            "The legacy cache of shop is not wholly deleted: Docker died",
            "mend it",
        ),
        (
            OSError(5, "Input/output error"),
            "The legacy cache of shop is not wholly deleted: Input/output error",
            NEXT,
        ),
        (PartlyRemoved("a file is immutable", "see lsattr"), "a file is immutable", "see lsattr"),
    ],
)
def test_what_ends_the_deleting_says_what_is_left_and_how_to_go_on(
    server: Server, error: Exception, message: str, hint: str
) -> None:
    server.let_helper_fail(error)
    with pytest.raises(PartlyRemoved) as partly:
        server.purge(server.find())
    assert (str(partly.value), partly.value.hint) == (message, hint)
    assert [name.startswith(TRASH_PREFIX) for name in server.there] == [True, False, False]


def test_a_cache_has_its_name_again_where_the_deleting_could_not_even_begin(server: Server) -> None:
    server.let_helper_fail(NotBegun("no space left on device", "make room"))
    with pytest.raises(PutBack, match="The legacy cache of shop stays: no space left on device") as kept:
        server.purge(server.find())
    assert kept.value.hint == "make room"
    assert server.is_whole()
    assert server.there == ["HEAD", "cache", "precious"]


def test_trash_stays_trash_where_the_deleting_could_not_even_begin(server: Server) -> None:
    server.cache("shop").rename(server.app / TRASH)
    server.let_helper_fail(NotBegun("no space left on device"))
    with pytest.raises(PartlyRemoved):
        server.purge(server.find())
    assert server.there == [TRASH, "HEAD", "precious"]


def test_a_new_cache_is_not_covered_by_the_old_one_that_could_not_be_deleted(server: Server) -> None:
    cache = server.cache("shop")
    server.let_helper_fail(NotBegun("no space left on device"), before=cache.mkdir)
    with pytest.raises(PartlyRemoved, match="not wholly deleted"):
        server.purge(server.find())
    assert os.listdir(cache) == []
    assert [name.startswith(TRASH_PREFIX) for name in server.there] == [True, False, False, False]


def test_who_interrupts_it_hears_whether_something_is_gone(server: Server) -> None:
    planned = server.find()

    def interrupt(*_: object) -> Usage:
        raise Interrupted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Surveyor, "users_after_rename", interrupt)
        with pytest.raises(Interrupted, match="nothing was changed") as early:
            server.purge(planned)
    assert not early.value.hint
    assert server.is_whole()
    server.let_helper_fail(Interrupted())
    with pytest.raises(Interrupted, match="The legacy cache of shop is partly deleted") as late:
        server.purge(planned)
    assert late.value.hint == NEXT
