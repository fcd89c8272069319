"""A named pipe in place of what the plugin keeps: a deploy would wait for it for ever."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dokku_cache.automatic import upgrade
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError
from dokku_cache.records import daily_run, engine_root, history

from .conftest import Server


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("history.jsonl", history.read),
        ("history.jsonl", lambda environment: history.append(environment, history.Record("shop", "", "hand"))),
        ("daily-run.json", daily_run.last),
        ("engine-root", engine_root.read),
        ("dokku-version", upgrade.recorded),
    ],
)
def test_it_is_not_waited_for(server: Server, name: str, look: Callable[[DokkuEnvironment], object]) -> None:
    path = Path(server.environment.lib_root, "data/cache", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    try:
        assert look(server.environment) in {"", engine_root.DEFAULT}
    except CacheError as error:
        assert str(path) in str(error)  # noqa: PT017 - some say it, others pass over it
