"""What a person confirms is what is removed."""

import io
import os
from argparse import Namespace
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dokku_cache.actions.purging import purge_legacy
from dokku_cache.model.errors import ExitCode
from dokku_cache.output.console import Console
from dokku_cache.survey.context import Context

from ..purge.purging_server import Server
from ..small_server import LONG_AGO


class Person(Console):
    """A person at a terminal, who confirms everything; ``reading`` happens before that."""

    is_interactive = True

    def __init__(self, reading: Callable[[], object] = lambda: None) -> None:
        super().__init__(out=io.StringIO(), err=io.StringIO())
        self.reading = reading
        self.shown = ""

    def ask(self, question: str) -> bool:
        self.reading()
        return bool(question)

    def ask_for_name(self, name: str, *warnings: str) -> bool:
        self.shown = " ".join(warnings)
        self.reading()
        return bool(name)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.create("wiki")
    server.build("wiki", is_recent=True, is_foreign=False, is_deep=False)
    yield server
    server.take_away()


def purge(server: Server, person: Person, *apps: str, **flags: Any) -> ExitCode:
    options = {"is_all": not apps, "is_force": False, "is_dry_run": False, "format": "stdout", **flags}
    context = Context(server.environment, person, server.engine)
    return purge_legacy(context, Namespace(apps=list(apps), **options))


def make_old(server: Server, app: str) -> None:
    for path in (server.cache(app), *server.cache(app).rglob("*")):
        os.utime(path, (LONG_AGO, LONG_AGO), follow_symlinks=False)


def test_a_confirmed_plan_removes_nothing_that_it_kept(server: Server) -> None:
    person = Person(lambda: make_old(server, "wiki"))
    assert purge(server, person) is ExitCode.OK
    assert server.cache("wiki").exists()
    assert not server.cache("shop").exists()
    # Without a plan, only the state at the removal counts.
    assert purge(server, Person(), is_force=True) is ExitCode.OK
    assert not server.cache("wiki").exists()


def test_nobody_is_asked_if_nothing_would_be_removed(server: Server) -> None:
    server.build("shop", is_recent=True, is_foreign=False, is_deep=False)
    assert purge(server, Person(lambda: pytest.fail("asked"))) is ExitCode.OK
    assert server.cache("shop").exists()


def test_a_cache_that_changes_while_a_person_reads_the_plan_is_kept(server: Server) -> None:
    def change() -> None:
        (server.cache("shop") / "buildcache/upload").write_text("uploaded")
        make_old(server, "shop")

    assert purge(server, Person(change)) is ExitCode.FAILED
    assert (server.cache("shop") / "buildcache/upload").exists()


@pytest.fixture
def unverified(server: Server) -> Server:
    if os.geteuid():
        pytest.skip("only root can give files to another user")
    server.build("shop", is_recent=False, is_foreign=True, is_deep=False)
    (server.app / "HEAD").unlink()
    return server


def test_an_unverified_directory_is_scanned_before_its_name_is_asked(unverified: Server) -> None:
    person = Person()
    assert purge(unverified, person, "shop") is ExitCode.OK
    for fact in ("precious", "owned by", "2 files"):
        assert fact in person.shown
    assert unverified.there == ["precious"]


def test_an_unverified_directory_that_changes_while_a_person_reads_is_kept(unverified: Server) -> None:
    upload = unverified.cache("shop") / "upload"
    assert purge(unverified, Person(lambda: upload.write_text("uploaded")), "shop") is ExitCode.FAILED
    assert upload.exists()


def test_a_directory_that_is_in_use_by_now_is_not_asked_for(unverified: Server) -> None:
    person = Person(lambda: pytest.fail("asked"))
    unverified.apps["shop"].is_named = True
    assert purge(unverified, person, "shop") is ExitCode.FAILED
    assert unverified.cache("shop").exists()
