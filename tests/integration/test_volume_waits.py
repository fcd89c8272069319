"""How long somebody waits who did not ask for this plugin: an engine that counts sizes for minutes is no reason."""

import io
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dokku_cache.actions import post_delete
from dokku_cache.context import Context
from dokku_cache.engine.client import Engine
from dokku_cache.errors import ExitCode
from dokku_cache.output.console import Console
from dokku_cache.purge import volume_purger

from .calling import SOURCE, call, environ
from .conftest import Server, as_dokku
from .stub_engine import stub_engine

pytestmark = pytest.mark.usefixtures("lists_apps")

#: For Python to start, and for two limits of 10 s.
PATIENCE_SECONDS = 30
OLD = "2020-01-01T00:00:00Z"


def wait_for(server: Server, name: str, labels: dict[str, str], *arguments: str) -> tuple[float, str, list[str]]:
    """Run an action against an engine that does not come to an end with its sizes."""
    volume = {"Name": name, "Driver": "local", "CreatedAt": OLD, "Labels": labels}
    answers = {
        "/volumes": {"Volumes": [volume]},
        f"/volumes/{name}": volume,
        f"DELETE /volumes/{name}": {},
        "/images/json": [],
    }
    asked: list[str] = []
    begun = time.monotonic()
    with stub_engine(server.root.parent / "slow", answers, {"/system/df": 50}, asked=asked) as host:
        done = call(server, *arguments, variables={"DOCKER_HOST": host})
    return time.monotonic() - begun, done.stdout + done.stderr, asked


def test_a_destroy_does_not_wait_for_sizes(server: Server) -> None:
    server.make_app("shop")
    name = "pack-cache-dokku_shop_latest-0123456789ab.build"
    seconds, said, asked = wait_for(server, name, {}, "post-delete", "shop")
    assert f"DELETE /volumes/{name}" in asked
    assert seconds < PATIENCE_SECONDS
    assert "nothing is removed" not in said


def test_a_removal_that_hangs_ends_a_destroy_after_five_minutes_at_most(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volume_purger, "DESTROY_LIMIT_SECONDS", 1)
    server.make_app("shop")
    name = "pack-cache-dokku_shop_latest-0123456789ab.build"
    volume = {"Name": name, "Driver": "local", "CreatedAt": OLD}
    answers = {"/volumes": {"Volumes": [volume]}, f"/volumes/{name}": volume, f"DELETE /volumes/{name}": {}}
    err = io.StringIO()
    with stub_engine(server.root.parent / "slow", answers, {f"DELETE /volumes/{name}": 50}) as host:
        environment = replace(server.environment, docker_host=host)
        here = Context(environment, Console(out=io.StringIO(), err=err), Engine(host))
        begun = time.monotonic()
        code, said = as_dokku(lambda: (post_delete.run(here, ["shop", "latest"]), err.getvalue()))
        assert time.monotonic() - begun < PATIENCE_SECONDS
    assert code == ExitCode.OK
    assert f"The volume {name} is not removed: Docker was silent for 1 s" in said


def test_where_room_is_needed_sizes_are_not_waited_for(server: Server) -> None:
    labels = {"com.dokku.builder-type": "herokuish", "com.dokku.app-name": "gone"}
    seconds, _, asked = wait_for(server, "cache-gone", labels, "low-disk-removal")
    assert "DELETE /volumes/cache-gone" in asked
    assert seconds < PATIENCE_SECONDS


def test_a_docker_that_cannot_be_ended_holds_up_no_destroy(server: Server, tmp_path: Path) -> None:
    """As where sudo is in between: what it has started goes on, and keeps what it was given open."""
    server.make_app("shop")
    way = server.root.parent / "docker"
    way.write_text("#!/bin/sh\nexec setsid --fork sleep 45.0371\n")
    way.chmod(0o755)
    variables = {**environ(server), "DOCKER_BIN": str(way), "PLUGIN_CORE_AVAILABLE_PATH": str(tmp_path)}
    door = [SOURCE.parent / "triggers/post-delete", "shop", "latest"]
    done = subprocess.run(door, env=variables, capture_output=True, check=False, timeout=PATIENCE_SECONDS, cwd="/")
    subprocess.run(["pkill", "-f", "^sleep 45.0371$"], check=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
