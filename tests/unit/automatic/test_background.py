"""One process handles the apps of many deploys."""

import fcntl
import os
from multiprocessing import get_context
from pathlib import Path

import pytest

from dokku_cache.automatic import background
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import Unknown
from dokku_cache.records import state_files


def deploy_lock(environment: DokkuEnvironment, app: str) -> int:
    path = Path(environment.data_dir, "apps", app, ".deploy.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle


def test_the_first_process_handles_apps_that_others_queue(environment: DokkuEnvironment) -> None:
    handled: list[str] = []

    def handle(app: str) -> None:
        handled.append(app)
        if app == "shop":
            for other in ("api", "wiki"):
                background.work_on_queue(environment, other, lambda _: handled.append("a second worker"), 0)

    background.work_on_queue(environment, "shop", handle, 0)
    assert handled == ["shop", "api", "wiki"]
    assert os.listdir(state_files.path(environment, background.QUEUE)) == []


def test_an_app_that_is_deployed_again_is_handled_again(environment: DokkuEnvironment) -> None:
    handled: list[str] = []

    def handle(app: str) -> None:
        handled.append(app)
        if len(handled) == 1:
            background.work_on_queue(environment, app, handled.append, 0)

    background.work_on_queue(environment, "shop", handle, 0)
    assert handled == ["shop", "shop"]


def test_apps_do_not_wait_for_the_deploys_of_others(environment: DokkuEnvironment) -> None:
    handled: list[str] = []
    held = deploy_lock(environment, "shop")

    def handle(app: str) -> None:
        handled.append(app)
        os.close(held)

    Path(state_files.path(environment, background.QUEUE)).mkdir(parents=True)
    Path(state_files.path(environment, background.QUEUE), "wiki").touch()

    background.work_on_queue(
        environment, "shop", lambda app: handle(app) if app == "wiki" else handled.append(app), 60
    )
    assert handled == ["wiki", "shop"]


def test_an_app_is_handled_after_the_limit_if_its_deploy_does_not_end(environment: DokkuEnvironment) -> None:
    held = deploy_lock(environment, "shop")
    handled: list[str] = []
    background.work_on_queue(environment, "shop", handled.append, 0.6)
    os.close(held)
    assert handled == ["shop"]


def test_an_app_that_cannot_be_queued_is_handled(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(environment.data_dir, "cache").mkdir(parents=True)
    Path(state_files.path(environment, background.QUEUE)).write_text("in the way")
    handled: list[str] = []
    background.work_on_queue(environment, "shop", handled.append, 0)

    def unreadable(*_: object) -> bool:
        raise Unknown("the deploy lock cannot be read")

    monkeypatch.setattr("dokku_cache.dokku.apps.is_being_deployed", unreadable)
    background.work_on_queue(environment, "wiki", handled.append, 60)
    assert handled == ["shop", "wiki"]


def test_an_entry_that_cannot_be_removed_is_handled_once(environment: DokkuEnvironment) -> None:
    Path(state_files.path(environment, background.QUEUE), "shop/inner").mkdir(parents=True)
    handled: list[str] = []
    background.work_on_queue(environment, "wiki", handled.append, 0)
    assert sorted(handled) == ["shop", "wiki"]


def test_every_app_of_many_concurrent_deploys_is_handled(environment: DokkuEnvironment, tmp_path: Path) -> None:
    names = [f"app{number}" for number in range(12)]
    record = tmp_path / "handled"

    def handle(app: str) -> None:
        with record.open("a") as file:
            file.write(f"{app}\n")

    context = get_context("fork")
    workers = [
        context.Process(target=background.work_on_queue, args=(environment, name, handle, 0)) for name in names
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert sorted(record.read_text().split()) == sorted(names)
