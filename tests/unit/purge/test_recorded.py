"""What is written down of purges that nobody watches."""

import pytest

from dokku_cache.context import Context
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.errors import Interrupted, Kept, PartlyRemoved, Refused
from dokku_cache.output.console import Console
from dokku_cache.purge import events
from dokku_cache.purge.recorded import failure_in_history
from dokku_cache.records import history
from dokku_cache.records.history import Way


@pytest.mark.parametrize("error", [Refused("Docker died"), RuntimeError("a defect")])
def test_a_failure_is_in_the_history_and_told_and_goes_on(
    environment: DokkuEnvironment, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[object, ...]] = []
    monkeypatch.setattr(events, "purge_failed", lambda _, *arguments: told.append(arguments))
    context = Context(environment, Console(), Engine(""))
    with pytest.raises(type(error)), failure_in_history(context, "shop", Way.DEPLOY):
        raise error
    failure = history.read(environment).last_failure("shop")
    assert failure
    assert (failure.failure, failure.by) == (str(error), "deploy")
    assert told == [("shop", "legacy", f"{environment.root}/shop/cache", "deploy", str(error))]


@pytest.mark.parametrize("error", [PartlyRemoved("half"), Kept("not quiet yet"), Interrupted("by a person")])
def test_what_is_recorded_where_it_happens_or_is_no_failure_is_not_recorded(
    environment: DokkuEnvironment, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "purge_failed", lambda *_: pytest.fail("told"))
    context = Context(environment, Console(), Engine(""))
    with pytest.raises(type(error)), failure_in_history(context, "shop", Way.DEPLOY):
        raise error
    assert history.read(environment).records == ()
