"""Scanning caches with and without a time limit."""

import io
import os
import time
from pathlib import Path

import pytest

from dokku_cache.dokku import plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.output.console import Console
from dokku_cache.rules.removal import decide
from dokku_cache.survey import surveyor as surveyor_module
from dokku_cache.survey.scanning import measure_candidates
from dokku_cache.survey.surveyor import Surveyor

from .test_surveyor import CountedApi


@pytest.fixture
def surveyor(environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch) -> Surveyor:
    monkeypatch.setattr(plugn, "trigger", lambda *_, **__: "")
    (Path(environment.lib_root) / "STABLE_VERSION").write_text("0.38.27\n")
    for name in ("shop", "blog"):
        cache = Path(environment.root) / name / "cache"
        cache.mkdir(parents=True)
        (cache.parent / "HEAD").touch()
        (cache / "buildcache").write_text("x")
        for path in (cache / "buildcache", cache):
            os.utime(path, (1_000_000, 1_000_000))
    monkeypatch.setattr(surveyor_module, "clock", lambda: time.time() + 10 * 86400)
    engine = Engine("")
    engine._api = CountedApi()
    return Surveyor(environment, engine)


def test_a_time_limit_leaves_caches_unscanned_and_not_removable(surveyor: Surveyor) -> None:
    said = io.StringIO()
    console = Console(out=said, err=said)
    measured = measure_candidates(
        surveyor, surveyor.survey(["shop", "blog"]), Request(Initiator.MANUAL), console, limit_seconds=0
    )
    for finding in measured:
        assert finding.size is None
        assert decide(finding, Request(Initiator.MANUAL)).targets == ()
        assert not finding.is_final
    assert said.getvalue().count("Not every legacy cache was scanned") == 1
    assert said.getvalue().count("\n") == 2  # and what to do


def test_without_a_limit_every_cache_is_scanned(surveyor: Surveyor) -> None:
    said = io.StringIO()
    console = Console(out=said, err=said)
    for limit in (None, 600):
        measured = measure_candidates(
            surveyor, surveyor.survey(["shop", "blog"]), Request(Initiator.MANUAL), console, limit
        )
        for finding in measured:
            assert finding.size
            assert finding.size.files == 1
            assert finding.verdict.state is State.ORPHANED
            assert decide(finding, Request(Initiator.MANUAL)).targets
    assert said.getvalue() == ""
