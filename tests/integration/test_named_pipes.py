"""A named pipe instead of one of the plugin's files must not block a deploy."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dokku_cache.actions import free_space, sweep
from dokku_cache.dokku import daily_run, history
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import CacheError

from .calling import SOURCE, environ
from .conftest import DOKKU, Server, give


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("history.jsonl", history.read),
        ("history.jsonl", lambda environment: history.append(environment, history.Record("shop", "", "manual"))),
        ("daily-run.json", daily_run.last),
        ("engine-root", free_space.engine_roots),
        ("dokku-version", sweep.recorded_version),
    ],
)
def test_reading_a_state_file_does_not_block(
    server: Server, name: str, read: Callable[[DokkuEnvironment], object]
) -> None:
    path = Path(server.environment.lib_root, "data/cache", name)
    path.parent.mkdir(parents=True, exist_ok=True)
    os.mkfifo(path)
    try:
        assert read(server.environment) in ("", [free_space.DEFAULT_ENGINE_ROOT])
    except CacheError as error:
        assert str(path) in str(error)  # noqa: PT017 - some functions report it, others ignore it


def until_gone(words: str) -> None:
    """Wait until no process has these words in its command line."""
    for _ in range(600):
        if subprocess.run(["pgrep", "-f", words], capture_output=True, check=False).returncode:
            return
        time.sleep(0.1)
    raise AssertionError(f"{words} does not end")


_DATA, _SETTINGS = "lib/data/cache/", "lib/config/cache/--global/"
#: Each entry point, with the files that bash and Python read.
ENTRY_POINTS = {
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


@pytest.mark.parametrize(("command", "name"), [(one, name) for one, names in ENTRY_POINTS.items() for name in names])
def test_no_entry_point_blocks(server: Server, command: tuple[str, ...], name: str) -> None:
    give(server.make_cache("shop"), DOKKU)
    base = server.root.parent
    (base / "lib/data/cache").mkdir(parents=True, exist_ok=True)
    (base / "lib/data/cache/installation").touch()
    path = base / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    variables = {"PLUGIN_CORE_AVAILABLE_PATH": str(base / "none"), "DOCKER_BIN": "docker"}
    as_dokku = ["setpriv", "--reuid", "dokku", "--regid", "dokku", "--init-groups"]
    for owned in (base / "lib", base / "log"):
        give(owned, DOKKU)
    done = subprocess.run(
        [*as_dokku, SOURCE.parent / command[0], *command[1:]],
        env={**environ(server), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
        cwd="/",
    )
    assert done.returncode in {0, 1}
    # The background purge of a deploy still needs the server.
    until_gone(f"{SOURCE} post-deploy")
