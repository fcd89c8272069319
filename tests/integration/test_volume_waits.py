"""How long somebody waits who did not ask for this plugin: an engine that counts sizes for minutes is no reason."""

import time

import pytest

from .calling import call
from .conftest import Server
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


def test_a_destroy_leaves_volumes_to_the_daily_run(server: Server) -> None:
    server.make_app("shop")
    seconds, said, asked = wait_for(
        server, "pack-cache-dokku_shop_latest-0123456789ab.build", {}, "post-delete", "shop"
    )
    assert (asked, said) == ([], "")
    assert seconds < PATIENCE_SECONDS


def test_where_room_is_needed_sizes_are_not_waited_for(server: Server) -> None:
    labels = {"com.dokku.builder-type": "herokuish", "com.dokku.app-name": "gone"}
    seconds, _, asked = wait_for(server, "cache-gone", labels, "low-disk-removal")
    assert "DELETE /volumes/cache-gone" in asked
    assert seconds < PATIENCE_SECONDS
