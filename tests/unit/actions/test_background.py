"""One process handles the apps of many deploys."""

import os
from multiprocessing import get_context
from pathlib import Path

import pytest

from dokku_cache.actions import background
from dokku_cache.dokku import state_files
from dokku_cache.dokku.environment import DokkuEnvironment


def test_the_first_process_handles_apps_that_others_queue(environment: DokkuEnvironment) -> None:
    handled: list[str] = []

    def handle(app: str) -> None:
        handled.append(app)
        if app == "shop":
            for other in ("api", "wiki"):
                background.work_on_queue(environment, other, lambda _: handled.append("a second worker"))

    background.work_on_queue(environment, "shop", handle)
    assert handled == ["shop", "api", "wiki"]
    assert os.listdir(state_files.path(environment, background.QUEUE)) == []


def test_an_app_that_is_deployed_again_is_handled_again(environment: DokkuEnvironment) -> None:
    handled: list[str] = []

    def handle(app: str) -> None:
        handled.append(app)
        if len(handled) == 1:
            background.work_on_queue(environment, app, handled.append)

    background.work_on_queue(environment, "shop", handle)
    assert handled == ["shop", "shop"]


def test_an_app_that_cannot_be_queued_is_handled(environment: DokkuEnvironment) -> None:
    Path(environment.data_dir, "cache").mkdir(parents=True)
    Path(state_files.path(environment, background.QUEUE)).write_text("in the way")
    handled: list[str] = []
    background.work_on_queue(environment, "shop", handled.append)
    assert handled == ["shop"]


def test_an_entry_that_cannot_be_removed_ends_the_work(environment: DokkuEnvironment) -> None:
    Path(state_files.path(environment, background.QUEUE), "shop/inner").mkdir(parents=True)
    handled: list[str] = []
    with pytest.raises(OSError, match="shop"):
        background.work_on_queue(environment, "api", handled.append)
    assert handled == ["api"]


def test_every_app_of_many_concurrent_deploys_is_handled(environment: DokkuEnvironment, tmp_path: Path) -> None:
    names = [f"app{number}" for number in range(12)]
    record = tmp_path / "handled"

    def handle(app: str) -> None:
        with record.open("a") as file:
            file.write(f"{app}\n")

    context = get_context("fork")
    workers = [context.Process(target=background.work_on_queue, args=(environment, name, handle)) for name in names]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert sorted(record.read_text().split()) == sorted(names)
