"""The system calls of a purge: nothing is removed by a path that a user could redirect."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from dokku_cache.engine import helper_image
from dokku_cache.engine.helper import MOUNT_POINT

from . import tracing
from .calling import SOURCE, environ
from .conftest import DOKKU, HEROKUISH, Server, age, give
from .tracing import CHANGING, Traced

#: The path of an open handle, and of one name in an open directory.
_BY_HANDLE = re.compile(r"/proc/self/fd/[0-9]+(?:/[^/]+)?")

pytestmark = pytest.mark.skipif(not tracing.IS_THERE, reason="it needs strace")


def make_cache(server: Server, owner: int) -> Path:
    """Create a cache that is too big for one process, with a directory that its owner may not write to."""
    cache = server.make_cache("shop", files=300)
    for number in range(40):
        directory = cache / "node" / f"module{number}" / "lib"
        directory.mkdir(parents=True)
        for file in range(40):
            (directory / f"file{file}").touch()
    (cache / "buildcache" / "link").symlink_to("/")
    give(cache, owner)
    (cache / "node" / "module1").chmod(0o555)
    age(cache)
    return cache


def entry_point(*arguments: str) -> list[str]:
    return ["/usr/bin/python3", "-I", "-B", str(SOURCE), *arguments]


def purge(server: Server, trace: Path) -> list[Traced]:
    command = tracing.as_user("dokku", entry_point("purge-legacy", "shop"), trace)
    done = subprocess.run(command, env=environ(server), cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    calls = tracing.read(trace)
    assert len(calls) > 100
    return calls


def is_relative(call: Traced, app: Path) -> bool:
    """Return whether a call has only single names in open directories below the app."""
    is_below = call.directory == str(app) or call.directory.startswith(f"{app}/")
    if call.is_opening and all(_BY_HANDLE.fullmatch(name) for name in call.names):
        return True
    return is_below and all("/" not in name.removeprefix("./") for name in call.names)


@pytest.mark.parametrize("owner", [HEROKUISH, DOKKU], ids=["32767", "dokku"])
def test_every_call_below_an_app_has_one_name_in_an_open_directory(
    server: Server, tmp_path: Path, owner: int
) -> None:
    cache = make_cache(server, owner)
    app, records = cache.parent, f"{server.environment.lib_root}/data/cache"
    calls = purge(server, tmp_path / "trace")
    changed = [call for call in calls if call.name in CHANGING]
    for call in changed:
        assert is_relative(call, app) or call.path.startswith(records), call
    assert [call.name for call in changed if call.names[:1] == ("cache",)] == ["renameat"]
    places = (str(cache), f"{app}/.dokku-cache-trash.")
    opened = [call for call in calls if call.is_opening]
    inside = [call for call in opened if call.path.startswith(places) or call.opened.startswith(places)]
    assert len(inside) > 10
    for call in inside:
        if call.names == (".",):
            continue  # an open directory
        assert is_relative(call, app), call
        assert "O_NOFOLLOW" in call.arguments, call
    assert [call for call in opened if call.path.startswith(str(app)) and writes(call)] == []


def writes(call: Traced) -> bool:
    return any(flag in call.arguments for flag in ("O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"))


def test_the_helper_removes_single_names_and_opens_nothing_for_writing(server: Server, tmp_path: Path) -> None:
    make_cache(server, HEROKUISH)
    engine = Path(os.environ["DOCKER_HOST"].removeprefix("unix://")).parent
    containerd = int((engine / "containerd.pid").read_text())
    with tracing.attached(containerd, tmp_path / "container"):
        purge(server, tmp_path / "trace")
    calls = tracing.below(tmp_path / "container", helper_image.PYTHON)
    removed = [call for call in calls if call.name in CHANGING]
    assert len(removed) > 1900
    for call in removed:
        assert call.name in {"unlinkat", "rmdir"}, call
        assert call.handle.isdecimal(), call
        assert "/" not in call.names[0], call
    for call in calls:
        assert not (call.is_opening and writes(call)), call
        if call.is_opening and call.opened.startswith(MOUNT_POINT):
            assert "/" not in call.names[0], call
            assert call.names == (".",) or "O_NOFOLLOW" in call.arguments, call
