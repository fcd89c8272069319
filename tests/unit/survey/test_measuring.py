"""Measuring for somebody who waits: as long as it takes, or no longer than he should."""

import io
import os
from pathlib import Path

import pytest

from dokku_cache.dokku import plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.legacy.plan import decide
from dokku_cache.legacy.state import Mode, State
from dokku_cache.output.console import Console
from dokku_cache.survey.measuring import measure_candidates
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
        (cache / "file").write_text("x")
        for path in (cache / "file", cache):
            os.utime(path, (1_000_000, 1_000_000))
    engine = Engine("")
    engine._api = CountedApi()
    return Surveyor(environment, engine)


def test_what_takes_too_long_is_given_as_far_as_it_was_seen_with_one_word_for_all(surveyor: Surveyor) -> None:
    said = io.StringIO()
    console = Console(out=said, err=said)
    measured = measure_candidates(surveyor, surveyor.survey(["shop", "blog"]), Mode.ALL, console, limit_seconds=0)
    for finding, size in measured:
        assert size is None
        assert decide(finding, Mode.ALL).targets == ()
        assert "as far as could be looked" in finding.verdict.reason
    assert said.getvalue().count("Not every legacy cache was measured") == 1
    assert said.getvalue().count("\n") == 2  # and what to do


def test_in_time_all_is_measured_and_nothing_said(surveyor: Surveyor) -> None:
    said = io.StringIO()
    console = Console(out=said, err=said)
    for limit in (None, 600):
        measured = measure_candidates(surveyor, surveyor.survey(["shop", "blog"]), Mode.ALL, console, limit)
        for finding, size in measured:
            assert size
            assert size.files == 1
            assert finding.verdict.state is State.ORPHANED
            assert decide(finding, Mode.ALL).targets
    assert said.getvalue() == ""
