"""The triggers of a destroy."""

import io

import pytest

from dokku_cache.actions import triggers
from dokku_cache.dokku import history, plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.output.console import Console
from dokku_cache.survey.context import Context
from dokku_cache.survey.surveyor import Surveyor


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt])
def test_a_purge_that_fails_keeps_the_time_of_the_destroy(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]
) -> None:
    def fail(*_: object) -> tuple[()]:
        raise failure

    monkeypatch.setattr(plugn, "trigger", lambda *_: "shop\n")
    monkeypatch.setattr(Surveyor, "survey", fail)
    context = Context(environment, Console(out=io.StringIO(), err=io.StringIO()), Engine(""))
    with pytest.raises(failure):
        triggers.post_delete(context, ["shop"])
    assert history.read(environment).ended("shop")
