"""A named pipe in place of what the plugin keeps: a deploy would wait for it for ever."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dokku_cache.automatic import low_disk, server
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError
from dokku_cache.records import daily_run, history

from .calling import SOURCE, environ, list_apps
from .conftest import DOKKU, Server, give


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("history.jsonl", history.read),
        ("history.jsonl", lambda environment: history.append(environment, history.Record("shop", "", "manual"))),
        ("daily-run.json", daily_run.last),
        ("engine-root", low_disk.engine_roots),
        ("dokku-version", server.recorded_version),
    ],
)
def test_it_is_not_waited_for(server: Server, name: str, look: Callable[[DokkuEnvironment], object]) -> None:
    path = Path(server.environment.lib_root, "data/cache", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    try:
        assert look(server.environment) in ("", [low_disk.DEFAULT_ENGINE_ROOT])
    except CacheError as error:
        assert str(path) in str(error)  # noqa: PT017 - some say it, others pass over it


def until_gone(words: str) -> None:
    """Wait until no process has these words in its command line."""
    for _ in range(600):
        if subprocess.run(["pgrep", "-f", words], capture_output=True, check=False).returncode:
            return
        time.sleep(0.1)
    raise AssertionError(f"{words} does not end")


_DATA, _SETTINGS = "lib/data/cache/", "lib/config/cache/--global/"
#: Each door, with what it looks at before there is any Python, and Python afterwards, below Dokku's directories.
DOORS = {
    ("triggers/post-deploy", "shop"): (
        "log/cache.log",
        f"{_DATA}installation",
        f"{_DATA}dokku-version",
        "lib/config/cache/shop/max-size",
    ),
    ("triggers/post-delete", "shop", "latest"): (f"{_DATA}history.jsonl",),
    ("triggers/pre-receive-app", "shop"): (
        f"{_DATA}low-disk",
        f"{_DATA}low-disk.lock",
        f"{_DATA}engine-root",
        f"{_SETTINGS}min-free",
    ),
    ("triggers/pre-build", "herokuish", "shop"): (f"{_SETTINGS}min-free", f"{_SETTINGS}min-free-action"),
    ("src/call", "report", "shop"): (f"{_DATA}installation", f"{_DATA}history.jsonl", f"{_SETTINGS}max-size"),
}


@pytest.mark.parametrize(("door", "kept"), [(door, kept) for door, looks in DOORS.items() for kept in looks])
def test_no_door_waits_for_it(server: Server, door: tuple[str, ...], kept: str) -> None:
    give(server.make_cache("shop"), DOKKU)
    list_apps(server, "shop")
    base = server.root.parent
    (base / "lib/data/cache").mkdir(parents=True, exist_ok=True)
    (base / "lib/data/cache/installation").touch()
    path = base / kept
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    variables = {"PLUGIN_CORE_AVAILABLE_PATH": str(base / "none"), "DOCKER_BIN": "docker"}
    as_dokku = ["setpriv", "--reuid", "dokku", "--regid", "dokku", "--init-groups"]
    for owned in (base / "lib", base / "log"):
        give(owned, DOKKU)
    done = subprocess.run(
        [*as_dokku, SOURCE.parent / door[0], *door[1:]],
        env={**environ(server), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
        cwd="/",
    )
    assert done.returncode in {0, 1}
    # What a deploy has started goes on without it, and needs the server no longer than this.
    until_gone(f"{SOURCE} post-deploy")
