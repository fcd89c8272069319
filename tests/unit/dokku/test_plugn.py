"""Calling triggers."""

import os
import time
from pathlib import Path

import pytest

from dokku_cache.dokku import plugn
from dokku_cache.model.errors import Unknown


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "plugn"


def write(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_trigger_has_no_input_and_its_output_is_returned(fake: Path) -> None:
    write(fake, 'echo "$@"; cat')
    assert plugn.trigger("app-list", "true") == "trigger app-list true\n"


@pytest.mark.parametrize("script", ["echo reason >&2; exit 3", "kill -9 $$"])
def test_a_failed_trigger_is_unknown(fake: Path, script: str) -> None:
    write(fake, script)
    with pytest.raises(Unknown, match="app-list"):
        plugn.trigger("app-list")


def test_a_trigger_that_does_not_end_is_unknown(fake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugn, "TIMEOUT_SECONDS", 0.2)
    write(fake, "exec sleep 30")
    with pytest.raises(Unknown, match="did not respond within"):
        plugn.trigger("app-list")


def test_a_missing_plugn_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unknown):
        plugn.trigger("app-list")


def test_a_stream_yields_lines_and_then_the_failure(fake: Path) -> None:
    write(fake, 'echo one; echo "$@"; exit 3')
    lines = plugn.stream("post-upgrade", "0.1.0")
    assert [next(lines), next(lines)] == ["one", "trigger post-upgrade 0.1.0"]
    with pytest.raises(Unknown, match="exit code 3"):
        next(lines)


def test_closing_a_stream_ends_the_trigger(fake: Path) -> None:
    write(fake, "echo one; exec sleep 30")
    lines = plugn.stream("post-upgrade")
    begun = time.monotonic()
    assert next(lines) == "one"
    lines.close()
    assert time.monotonic() - begun < 20
