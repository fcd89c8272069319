"""The daily run's note, and whether Dokku's permission check lets it through."""

import os
from pathlib import Path

import pytest

from dokku_cache.dokku import permission
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.records import daily_run


def test_before_the_first_run_there_is_none(environment: DokkuEnvironment) -> None:
    assert daily_run.last(environment) is None


def test_a_run_is_noted_when_it_begins_and_when_it_ends(environment: DokkuEnvironment) -> None:
    with daily_run.noted(environment):
        begun = daily_run.last(environment)
        assert begun
        assert (begun.result, begun.succeeded) == (daily_run.RUNNING, False)
    ended = daily_run.last(environment)
    assert ended == daily_run.Run(begun.at, daily_run.OK)
    assert ended.succeeded


def test_what_was_told_and_what_was_raised_is_the_result(environment: DokkuEnvironment) -> None:
    with daily_run.noted(environment) as told:
        told += ["shop: it is immutable", "look at it"]
    assert daily_run.last(environment) == daily_run.Run(
        daily_run.last(environment).at, "shop: it is immutable; look at it"
    )
    with pytest.raises(KeyboardInterrupt), daily_run.noted(environment):
        raise KeyboardInterrupt
    assert daily_run.last(environment).result == "KeyboardInterrupt"


def test_a_note_that_cannot_be_written_stops_no_run(environment: DokkuEnvironment) -> None:
    Path(environment.lib_root, "data").write_text("in the way")
    with daily_run.noted(environment) as told:
        assert "cannot be noted" in told[0]


def test_a_note_that_was_cut_short_is_none(environment: DokkuEnvironment) -> None:
    with daily_run.noted(environment):
        pass
    note = Path(environment.data_dir, "cache", daily_run.FILE_NAME)
    note.write_text(note.read_text()[:10])
    assert daily_run.last(environment) is None


def checks(tmp_path: Path, *plugins: str) -> dict[str, str]:
    """An environment with plugins that check permissions, and a plugn that lets root alone through."""
    for plugin in plugins:
        (tmp_path / "enabled" / plugin).mkdir(parents=True)
        (tmp_path / "enabled" / plugin / "user-auth").touch()
    plugn = tmp_path / "plugn"
    plugn.write_text('#!/bin/sh\necho "$@ as $SSH_USER, $SSH_NAME: no" >&2\nexit 1\n')
    plugn.chmod(0o755)
    return {"PLUGIN_PATH": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}", "SSH_NAME": "admin"}


@pytest.mark.parametrize("plugins", [(), ("20_events",)])
def test_without_a_check_nothing_is_denied(tmp_path: Path, plugins: tuple[str, ...]) -> None:
    assert permission.denied(checks(tmp_path, *plugins)) == ""


def test_a_denial_is_told_as_cron_would_meet_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = checks(tmp_path, "20_events", "acl")
    monkeypatch.setenv("PATH", environ["PATH"])
    said = permission.denied(environ)
    assert "trigger user-auth dokku default cache:auto-purge --daily as dokku, default: no" in said
