"""One purge, step by step: a failure leaves the cache unchanged, or reports the rest and the command for it."""

import errno
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import pytest

from dokku_cache.dokku import apps
from dokku_cache.engine.helper import Helper
from dokku_cache.model.errors import Interrupted, NotDue, NotStarted, PartlyRemoved, Refused, RolledBack, Unknown
from dokku_cache.model.location import KEPT_PREFIX, TRASH_PREFIX, Reference, References
from dokku_cache.model.state import Initiator, ReasonCode, Request, State
from dokku_cache.purge import purger
from dokku_cache.purge.purger import LEFT_TO_DEPLOY, Purger
from dokku_cache.survey.surveyor import Surveyor

from .purging_server import AUTOMATIC, MANUAL, TRASH, Server

LEFT = "The legacy cache of shop is not completely removed"
NEXT = "to remove the rest, run 'dokku cache:purge-legacy shop'"


def test_an_unused_cache_is_removed_and_nothing_else(server: Server) -> None:
    outcome = server.purge(server.find())
    assert server.there == ["HEAD", "precious"]
    assert outcome
    assert (outcome.decision.app, outcome.removed.entries, outcome.removed_ghost) == ("shop", 3, False)
    assert 0 <= outcome.seconds < 60


@pytest.mark.parametrize("request_", [MANUAL, AUTOMATIC])
def test_a_cache_that_is_already_gone_is_nothing_to_do(server: Server, request_: Request) -> None:
    planned = server.find()
    server.cache("shop").rename(server.place / "elsewhere")
    assert server.purge(planned, request_) is None


@pytest.mark.parametrize(("is_file", "words"), [(False, "was destroyed in the meantime"), (True, "cannot be opened")])
def test_an_app_that_is_gone_by_now_is_refused(server: Server, *, is_file: bool, words: str) -> None:
    planned = server.find()
    server.app.rename(server.place / "elsewhere")
    if is_file:
        server.app.write_text("")
    with pytest.raises(Refused, match=words):
        server.purge(planned)


@pytest.mark.parametrize("request_", [MANUAL, Request(Initiator.MANUAL), AUTOMATIC])
@pytest.mark.parametrize("is_begun_later", [False, True])
def test_a_cache_is_kept_while_its_app_is_deployed(
    server: Server, request_: Request, *, is_begun_later: bool
) -> None:
    server.make_trash()
    planned, there = server.find(), server.there
    if is_begun_later:
        server.meanwhile = lambda: server.begin_deploy("shop")
    else:
        server.begin_deploy("shop")
    with pytest.raises(Refused, match="App shop is being deployed") as refused:
        server.purge(planned, request_)
    assert server.there == there
    assert server.happened == (["measuring"] if is_begun_later else [])
    if request_ is AUTOMATIC:
        assert isinstance(refused.value, NotDue)
        assert refused.value.state_and_reason == LEFT_TO_DEPLOY
    else:
        assert not isinstance(refused.value, NotDue)


def test_a_purge_within_a_deploy_ignores_its_lock(server: Server) -> None:
    server.begin_deploy("shop")
    server.purge(server.find(), Request(Initiator.MANUAL, in_deploy=True))
    assert server.there == ["HEAD", "precious"]


@pytest.mark.parametrize(("initiator", "expected"), [(Initiator.MANUAL, 0), (Initiator.DEPLOY, 3600)])
def test_only_a_run_after_a_deploy_waits_for_another_purge(
    server: Server, initiator: Initiator, expected: float
) -> None:
    waited: list[float] = []
    server.patch.setattr(apps, "hold_lock", lambda _, seconds: waited.append(seconds))
    server.purge(server.find(), Request(initiator, auto_purge=True))
    assert waited == [expected]


def test_a_run_after_a_deploy_does_not_wait_for_the_next_deploy_with_the_lock_held(server: Server) -> None:
    server.begin_deploy("shop")
    begun = time.monotonic()
    with pytest.raises(NotDue):
        server.purge(server.find(), Request(Initiator.DEPLOY, auto_purge=True))
    assert time.monotonic() - begun < 10


def reference(text: str, hint: str = "") -> Reference:
    return Reference(ReasonCode.MOUNTED_BY_CONTAINER, text, hint)


@pytest.mark.parametrize(
    ("references", "words", "hint"),
    [
        (References((reference("a job has it", "end it"),)), "is in use: a job has it", "end it"),
        (
            References((reference("a job has it"),)),
            "is in use: a job has it",
            "nothing was removed; purge again when it is no longer used",
        ),
        (References((), (reference("Docker is down", "start it"),)), "may be in use: Docker is down", "start it"),
    ],
)
def test_a_use_that_appears_with_the_rename_undoes_it(
    server: Server, references: References, words: str, hint: str
) -> None:
    server.patch.setattr(Surveyor, "uses_after_rename", lambda *_: references)
    with pytest.raises(Refused, match=f"The legacy cache of shop {words}$") as refused:
        server.purge(server.find())
    assert refused.value.hint.startswith(hint)
    assert server.is_whole()


def test_a_finding_has_the_facts_of_all_sources(server: Server) -> None:
    trash = server.make_trash()
    server.docker.listed = [
        {"Id": "1" * 64, "Names": ["/a"], "Mounts": [{"Source": str(trash), "Destination": "/x"}]}
    ]
    finding = server.find()
    assert finding.facts.min_age_seconds == 86400
    assert finding.facts.accounts.names[0] == "root"
    assert finding.trash.state is State.IN_USE
    for path in (server.app / "HEAD", server.app / "precious"):
        path.unlink()
    server.docker.listed[0].update(Labels={"dokku": "", "com.dokku.app-name": "shop"}, Mounts=[])
    assert server.find().facts.life
    assert server.find().cache.code is ReasonCode.APP_MAY_EXIST


@pytest.mark.parametrize(
    ("visible", "is_named"), [(None, True), (frozenset({"shop"}), False), (frozenset({"shop", "secret"}), True)]
)
def test_a_use_by_an_app_that_the_caller_may_not_see_is_not_named(
    server: Server, visible: frozenset[str] | None, is_named: bool
) -> None:
    server.create("secret")
    labels = {"dokku": "", "com.dokku.app-name": "secret"}
    mounts = [{"Source": str(server.cache("shop")), "Destination": "/x"}]
    server.docker.listed = [{"Id": "1" * 64, "Names": ["/secret.web.1"], "Labels": labels, "Mounts": mounts}]
    verdict = Surveyor(server.environment, server.engine, visible).survey(["shop"])[0].cache
    assert verdict.state is State.IN_USE
    assert ("secret" in f"{verdict.reason} {verdict.hint}") is is_named


def test_the_helper_is_prepared_before_the_rename(server: Server) -> None:
    seen: list[bool] = []
    server.patch.setattr(Helper, "prepare", lambda _: seen.append(server.is_whole()))
    server.purge(server.find())
    assert seen == [True]
    assert server.there == ["HEAD", "precious"]


@pytest.mark.parametrize("has_trash", [False, True])
@pytest.mark.parametrize("change", ["write", "rewrite", "remove", "chmod"])
def test_a_change_between_the_scan_and_the_rename_is_noticed(server: Server, change: str, has_trash: bool) -> None:
    if has_trash:
        server.make_trash()
    file = server.cache("shop") / "buildcache/file"
    recheck = Surveyor.recheck

    def changing(surveyor: Surveyor, directory: Any) -> Any:
        finding = recheck(surveyor, directory)
        if change == "write":
            (file.parent / "new").write_text("uploaded")
        elif change == "rewrite":
            status = file.stat()
            file.write_text("y")
            os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
        elif change == "remove":
            file.unlink()
        else:
            file.chmod(0o600)
        return finding

    server.patch.setattr(Surveyor, "recheck", changing)
    with pytest.raises(Refused, match="changed during the purge"):
        server.purge(server.find())
    assert server.there == [*([TRASH] if has_trash else []), "HEAD", "cache", "precious"]
    assert (file.parent / "new").exists() is (change == "write")


def test_a_change_while_trash_is_deleted_is_noticed(server: Server) -> None:
    server.make_trash()
    file = server.cache("shop") / "buildcache/file"
    delete = Helper.delete
    seen: list[str] = []

    def writing(helper: Helper, path: str, *arguments: Any) -> None:
        seen.append(path)
        if path.endswith(TRASH) and file.exists():
            (file.parent / "upload").write_text("uploaded")
        delete(helper, path, *arguments)

    server.patch.setattr(Helper, "delete", writing)
    server.purge(server.find())
    assert seen[-1].endswith(TRASH)
    assert not (file.parent / "upload").exists()


@pytest.mark.parametrize("has_more", [False, True])
def test_a_ghost_is_removed_when_nothing_else_is_left(server: Server, has_more: bool) -> None:
    server.make_trash()
    shutil.rmtree(server.cache("shop"))
    server.cache("shop").mkdir()
    for name in server.there:
        if name in {"HEAD", "precious"}:
            (server.app / name).unlink()
    planned = server.find()
    if has_more:
        server.meanwhile = (server.app / "VHOST").touch
    outcome = server.purge(planned)
    assert outcome
    assert (outcome.removed_ghost, server.app.exists()) == (not has_more, has_more)


def test_a_cache_that_is_replaced_during_the_scan_is_kept(server: Server) -> None:
    cache, elsewhere = server.cache("shop"), server.place / "elsewhere"
    recheck = Surveyor.recheck

    def exchanging(surveyor: Surveyor, directory: Any) -> Any:
        cache.rename(elsewhere)
        shutil.copytree(elsewhere, cache)
        return recheck(surveyor, directory)

    server.patch.setattr(Surveyor, "recheck", exchanging)
    with pytest.raises(Refused, match="was replaced during the scan"):
        server.purge(server.find())
    assert server.is_whole()


def test_an_empty_cache_is_removed_without_docker(server: Server) -> None:
    server.patch.setattr(Helper, "prepare", lambda _: pytest.fail("a helper is not needed"))
    shutil.rmtree(server.cache("shop"))
    server.cache("shop").mkdir()
    outcome = server.purge(server.find(), AUTOMATIC)
    assert outcome
    assert (outcome.removed.entries, server.there) == (0, ["HEAD", "precious"])


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.EACCES, "check that the dokku user can write to"),
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


def delete_something(server: Server) -> None:
    (trash,) = server.app.glob(f"{TRASH_PREFIX}*")
    (trash / "buildcache/file").unlink()


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        (Unknown("Docker died"), f"{LEFT}: Docker died", NEXT),
        (OSError(5, "Input/output error"), f"{LEFT}: Input/output error", NEXT),
        (PartlyRemoved("a file is immutable", "see lsattr"), "a file is immutable", "see lsattr"),
    ],
)
def test_an_error_while_deleting_leaves_trash_and_gives_the_command(
    server: Server, error: Exception, message: str, hint: str
) -> None:
    server.let_helper_fail(error, before=lambda: delete_something(server))
    with pytest.raises(PartlyRemoved) as partly:
        server.purge(server.find())
    assert (str(partly.value), partly.value.hint) == (message, hint)
    assert [name.startswith(TRASH_PREFIX) for name in server.there] == [True, False, False]


@pytest.mark.parametrize("error", [NotStarted("no space left", "free space"), Unknown("no space left", "free space")])
def test_an_error_before_anything_is_deleted_undoes_the_rename(server: Server, error: Exception) -> None:
    server.let_helper_fail(error)
    with pytest.raises(RolledBack, match="The legacy cache of shop was not removed: no space left") as kept:
        server.purge(server.find())
    assert kept.value.hint == "free space"
    assert server.is_whole()
    assert server.there == ["HEAD", "cache", "precious"]


def test_trash_is_not_renamed_when_the_helper_does_not_start(server: Server) -> None:
    server.cache("shop").rename(server.app / TRASH)
    server.let_helper_fail(NotStarted("no space left on device"))
    with pytest.raises(PartlyRemoved):
        server.purge(server.find())
    assert server.there == [TRASH, "HEAD", "precious"]


def test_a_new_cache_is_kept_when_the_old_one_cannot_be_deleted(server: Server) -> None:
    cache = server.cache("shop")
    server.let_helper_fail(NotStarted("no space left on device"), before=cache.mkdir)
    with pytest.raises(PartlyRemoved, match="not completely removed"):
        server.purge(server.find())
    assert os.listdir(cache) == []
    assert [name.startswith(TRASH_PREFIX) for name in server.there] == [True, False, False, False]


def test_an_interrupt_before_anything_is_deleted_changes_nothing(server: Server) -> None:
    planned = server.find()

    def interrupt(*_: object) -> References:
        raise Interrupted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Surveyor, "uses_after_rename", interrupt)
        with pytest.raises(Interrupted) as during_rename:
            server.purge(planned)
    assert server.is_whole()
    server.let_helper_fail(Interrupted())
    with pytest.raises(Interrupted, match="was not removed") as before_deleting:
        server.purge(planned)
    assert server.is_whole()
    assert not during_rename.value.hint
    assert not before_deleting.value.hint


def kept_names(server: Server) -> list[str]:
    """Return the names of what could not be put back. No purge removes them."""
    return [name for name in server.there if name.startswith(KEPT_PREFIX)]


@pytest.mark.parametrize("error", [Refused("in use"), Unknown("Docker died"), OSError(5, "I/O"), Interrupted()])
def test_a_refused_cache_whose_name_is_taken_never_becomes_trash(server: Server, error: BaseException) -> None:
    cache = server.cache("shop")

    def check(*_: object) -> References:
        cache.mkdir()
        raise error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Surveyor, "uses_after_rename", check)
        with pytest.raises((Refused, Interrupted)) as refused:
            server.purge(server.find())
    (name,) = kept_names(server)
    assert str(server.app / name) in str(refused.value)
    cache.rmdir()
    assert server.find().verdict.state is State.ABSENT
    assert (server.app / name / "buildcache/file").exists()


@pytest.mark.parametrize("is_link", [False, True])
def test_another_directory_that_was_renamed_is_put_back(server: Server, *, is_link: bool) -> None:
    cache, elsewhere = server.cache("shop"), server.place / "elsewhere"
    refuse_changes = Purger._refuse_changes

    def exchanging(purger: Purger, *arguments: Any) -> None:
        refuse_changes(purger, *arguments)
        cache.rename(elsewhere)
        if is_link:
            cache.symlink_to(elsewhere)
        else:
            shutil.copytree(elsewhere, cache)

    server.patch.setattr(Purger, "_refuse_changes", exchanging)
    with pytest.raises(Refused, match="was replaced during the purge"):
        server.purge(server.find())
    assert server.there == ["HEAD", "cache", "precious"]
    assert server.is_whole()


@pytest.mark.parametrize("moment", ["rename", "delete", "rmdir"])
def test_an_interrupt_next_to_the_rename_or_the_end_is_reported_as_it_is(server: Server, moment: str) -> None:
    """A signal may come right after a call to the kernel, before anything notes that it was made."""
    planned = server.find()
    owner, name = (Helper, "delete") if moment == "delete" else (os, moment)
    call = getattr(owner, name)

    def interrupted(*arguments: Any, **options: Any) -> None:
        call(*arguments, **options)
        if name != "rmdir" or str(arguments[0]).startswith(TRASH_PREFIX):
            server.patch.setattr(owner, name, call)
            raise Interrupted

    server.patch.setattr(owner, name, interrupted)
    with pytest.raises(Interrupted) as caught:
        server.purge(planned)
    assert server.cache("shop").exists() is (moment == "rename")
    said = {"rename": "was not removed", "delete": "is not completely removed", "rmdir": "is already removed"}
    assert said[moment] in str(caught.value)
    assert bool(caught.value.hint) is (moment == "delete")


def test_an_unexpected_error_leaves_nothing_behind_without_a_word(server: Server) -> None:
    server.let_helper_fail(RuntimeError("a defect"))
    with pytest.raises(RolledBack, match="a defect"):
        server.purge(server.find())
    assert server.is_whole()
    server.let_helper_fail(RuntimeError("a defect"), before=lambda: delete_something(server))
    with pytest.raises(PartlyRemoved, match="a defect"):
        server.purge(server.find())


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("is_deleting", [True, False])
def test_a_signal_next_to_the_undo_hides_no_result(server: Server, moment: str, is_deleting: bool) -> None:
    planned = server.find()

    @contextmanager
    def interrupted() -> Iterator[None]:
        if has_begun():
            server.patch.setattr(purger, "held_back", nullcontext)
            if moment == "before":
                raise Interrupted
            yield
            raise Interrupted
        yield

    def has_begun() -> bool:
        return any(name.startswith(TRASH_PREFIX) for name in server.there)

    server.patch.setattr(purger, "held_back", interrupted)
    if is_deleting:
        server.let_helper_fail(Unknown("Docker died"), before=lambda: delete_something(server))
        with pytest.raises(PartlyRemoved, match="Docker died"):
            server.purge(planned)
    else:
        use = Reference(ReasonCode.UNREADABLE, "something uses it")
        server.patch.setattr(Surveyor, "uses_after_rename", lambda *_: References((use,)))
        with pytest.raises(Refused, match="in use"):
            server.purge(planned)
        assert server.is_whole()


def test_a_rename_that_cannot_be_undone_is_reported(server: Server) -> None:
    rename = os.rename

    def fail(*_: object, **__: object) -> None:
        server.patch.setattr(os, "rename", lambda *_, **__: (_ for _ in ()).throw(OSError(30, "read-only")))
        raise Interrupted

    server.patch.setattr(Surveyor, "uses_after_rename", fail)
    with pytest.raises(Interrupted) as caught:
        server.purge(server.find())
    server.patch.setattr(os, "rename", rename)
    (name,) = [name for name in server.there if name.startswith(TRASH_PREFIX)]
    assert str(server.app / name) in str(caught.value)
    assert "next purge removes it" in str(caught.value)


def test_an_interrupt_after_a_removal_does_not_claim_that_nothing_was_changed(server: Server) -> None:
    server.purge(server.find())
    server.build("shop", is_recent=False, is_foreign=False, is_deep=False)
    server.let_helper_fail(Interrupted())
    with pytest.raises(Interrupted, match="of shop was not removed") as caught:
        server.purge(server.find())
    assert server.is_whole()
    for error in (caught.value, Interrupted()):  # the second is raised wherever a signal arrives
        assert "othing" not in str(error)


def test_a_file_in_an_empty_cache_is_a_change(server: Server) -> None:
    cache = server.cache("shop")
    shutil.rmtree(cache)
    cache.mkdir()
    recheck = Surveyor.recheck

    def writing(surveyor: Surveyor, directory: Any) -> Any:
        finding = recheck(surveyor, directory)
        (cache / "upload").write_text("uploaded")
        return finding

    server.patch.setattr(Surveyor, "recheck", writing)
    with pytest.raises(Refused, match="changed during the purge"):
        server.purge(server.find())
    assert (cache / "upload").exists()


def test_an_interrupt_while_deleting_gives_the_command(server: Server) -> None:
    server.let_helper_fail(Interrupted(), before=lambda: delete_something(server))
    with pytest.raises(Interrupted, match=LEFT) as interrupted:
        server.purge(server.find())
    assert interrupted.value.hint == NEXT
