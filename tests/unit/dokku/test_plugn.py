"""Calling triggers."""

import os
import time
from pathlib import Path

import pytest

from dokku_cache.dokku import plugn
from dokku_cache.errors import Unknown


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "plugn"


def write(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_it_gives_what_a_trigger_prints_and_its_input_is_empty(fake: Path) -> None:
    write(fake, 'echo "$@"; cat')
    assert plugn.trigger("app-list", "true", cwd="/") == "trigger app-list true\n"


@pytest.mark.parametrize("script", ["echo reason >&2; exit 3", "kill -9 $$"])
def test_a_failure_is_never_an_answer(fake: Path, script: str) -> None:
    write(fake, script)
    with pytest.raises(Unknown, match="app-list"):
        plugn.trigger("app-list", cwd="/")


def test_a_trigger_that_does_not_end_is_given_up(fake: Path) -> None:
    write(fake, "exec sleep 30")
    with pytest.raises(Unknown, match="did not respond within"):
        plugn.trigger("app-list", cwd="/", timeout_seconds=0.2)


def test_no_plugn_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unknown):
        plugn.trigger("app-list", cwd="/")


def test_a_stream_gives_lines_as_they_come_and_then_the_failure(fake: Path) -> None:
    write(fake, 'echo one; echo "$@"; exit 3')
    lines = plugn.stream("post-upgrade", "0.1.0", cwd="/")
    assert [next(lines), next(lines)] == ["one", "trigger post-upgrade 0.1.0"]
    with pytest.raises(Unknown, match="exit code 3"):
        next(lines)


def test_a_stream_that_nobody_follows_is_ended(fake: Path) -> None:
    write(fake, "echo one; exec sleep 30")
    lines = plugn.stream("post-upgrade", cwd="/")
    begun = time.monotonic()
    assert next(lines) == "one"
    lines.close()
    assert time.monotonic() - begun < 20
