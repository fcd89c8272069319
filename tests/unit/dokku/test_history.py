"""The history of purges."""

import os
from multiprocessing import get_context

import pytest

from dokku_cache.dokku import history, state_files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.history import Record
from dokku_cache.model.errors import CacheError

AT = "2026-01-01T00:00:00+00:00"


def test_the_last_purge_and_the_sums(environment: DokkuEnvironment) -> None:
    history.append(environment, Record("shop", "2026-01-01T00:00:00+00:00", "deploy", 100, 2, 0.1))
    history.append(environment, Record("wiki", "2026-01-02T00:00:00+00:00", "cron", 50, 1, 0.1))
    history.append(environment, Record("shop", "2026-01-03T00:00:00+00:00", "manual", 7, 1, 0.1))
    past = history.read(environment)
    assert past.last_purge("shop").by == "manual"
    assert (past.freed_bytes, past.purges) == (157, 3)


def test_a_failure_shows_until_a_purge_succeeds(environment: DokkuEnvironment) -> None:
    history.append(environment, Record("shop", "2026-01-01T00:00:00+00:00", "deploy", failure="Docker died"))
    assert history.read(environment).last_failure("shop").failure == "Docker died"
    history.append(environment, Record("shop", "2026-01-02T00:00:00+00:00", "cron", 5))
    assert history.read(environment).last_failure("shop") is None


def test_a_new_app_has_no_records_of_a_destroyed_one(environment: DokkuEnvironment) -> None:
    history.append(environment, Record("shop", "2026-01-01T00:00:00+00:00", "manual", 100))
    history.append(environment, Record("shop", "2026-01-02T00:00:00+00:00", "destroy", ends_app=True))
    past = history.read(environment)
    assert (past.last_purge("shop"), past.last_failure("shop")) == (None, None)
    assert (past.freed_bytes, past.purges) == (100, 1)
    history.append(environment, Record("shop", "2026-01-03T00:00:00+00:00", "deploy", 7))
    assert history.read(environment).last_purge("shop").size_bytes == 7


@pytest.mark.parametrize(
    "damaged",
    [b"\0" * 64, b"[]", b'{"app": "wi', b'{"app": 5, "at": "2026-01-01T00:00:00+00:00", "by": "cron"}',
     b'{"app": "a", "at": "x", "by": "cron"}',
     b'{"app": "a", "at": "2026-01-01T00:00:00+00:00", "by": "cron", "size_bytes": "5"}', b"\xff\xfe"],
)  # fmt: skip
def test_damaged_records_are_skipped(environment: DokkuEnvironment, damaged: bytes) -> None:
    history.append(environment, Record("shop", AT, "manual", 5))
    with open(state_files.path(environment, history.FILE_NAME), "ab") as file:
        file.write(b"\n" + damaged)
    history.append(environment, Record("wiki", AT, "manual", 6))
    assert [record.app for record in history.read(environment).records] == ["shop", "wiki"]


def test_records_of_many_processes_are_all_kept(environment: DokkuEnvironment) -> None:
    context = get_context("fork")
    processes = [
        context.Process(target=history.append, args=(environment, Record(f"app{number}", AT, "manual", 1)))
        for number in range(20)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert history.read(environment).freed_bytes == 20


def test_a_history_that_cannot_be_written_is_an_error(environment: DokkuEnvironment) -> None:
    with open(os.path.join(environment.lib_root, "data"), "w") as file:
        file.write("in the way")
    with pytest.raises(CacheError, match="history"):
        history.append(environment, Record("shop", AT, "manual"))
