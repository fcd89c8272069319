"""What is suggested when a disk is still low."""

import io
from pathlib import Path

import pytest

from dokku_cache.actions import low_disk
from dokku_cache.dokku import plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine import storage
from dokku_cache.engine.storage import DiskUsage
from dokku_cache.output.console import Console
from dokku_cache.survey.context import Context

from ..fake_engine import FakeEngine, container, volume


def test_only_volumes_that_would_be_removed_are_suggested(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps = ["shop", "named", "busy", "bound"]
    for app in apps:
        Path(environment.root, app).mkdir()
    fake = FakeEngine(
        [
            volume("cache-shop", "shop"),
            volume("cache-named"),
            volume("cache-busy", "busy"),
            volume("cache-bound", "bound", Options={"o": "bind"}),
        ],
        [container("job", "cache-busy")],
    )
    sizes = {f"cache-{app}": 5 << 20 for app in apps}
    monkeypatch.setattr(plugn, "trigger", lambda *_: "".join(f"{app}\n" for app in apps))
    monkeypatch.setattr(storage, "disk_usage", lambda *_: DiskUsage(sizes))
    context = Context(environment, Console(out=io.StringIO(), err=io.StringIO()), fake.engine)
    assert low_disk._removable_manually(context) == ["'dokku cache:purge-volumes shop' (5.0 MiB)"]
    fake.silent.add("volumes")
    context = Context(environment, context.console, fake.engine)
    assert low_disk._removable_manually(context) == []
