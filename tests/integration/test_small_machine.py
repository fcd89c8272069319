"""A machine with little memory: engine, containers and plugin share 400 MB without swap, and none is killed for it.

How many entries: SMALL_MACHINE_ENTRIES, else a fifth of the million that the promise speaks of.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from . import trees
from .calling import command, environ, list_apps
from .conftest import DISK, ENGINE, Server, give

ENTRIES = int(os.environ.get("SMALL_MACHINE_ENTRIES", "200000"))
LIMIT_BYTES = 400 << 20
#: Between two lines where there is no terminal there are 10 s; the rest is a machine that is busy with other tests.
SILENCE_SECONDS = 30


@dataclass(frozen=True)
class Group:
    """A control group with a limit of memory, for processes and for the containers of an engine (v1 and v2)."""

    path: Path
    parent: str

    def enter(self, name: str) -> Path:
        """Give the file that takes in processes: a group with others below it may hold none itself (cgroups(7))."""
        below = self.path / name
        below.mkdir(exist_ok=True)
        return below / "cgroup.procs"

    @property
    def kills(self) -> int:
        """How many processes were killed for memory."""
        events = [self.path / "memory.oom_control", self.path / "memory.events"]
        text = next(file.read_text() for file in events if file.exists())
        return sum(int(line.split()[1]) for line in text.splitlines() if line.startswith("oom_kill "))


@pytest.fixture
def group() -> Iterator[Group]:
    name = f"dokku-cache-small-{os.getpid()}"
    v2 = Path("/sys/fs/cgroup/cgroup.controllers")
    top = Path("/sys/fs/cgroup") if v2.exists() else Path("/sys/fs/cgroup/memory")
    if not top.is_dir() or (v2.exists() and "memory" not in v2.read_text()):
        pytest.skip("it needs the kernel's memory controller")
    path = top / name
    path.mkdir()
    limits = (
        {"memory.max": LIMIT_BYTES, "memory.swap.max": 0, "cgroup.subtree_control": "+memory"}
        if v2.exists()
        else {"memory.limit_in_bytes": LIMIT_BYTES, "memory.memsw.limit_in_bytes": LIMIT_BYTES}
    )
    for file, value in limits.items():
        if (path / file).exists():
            (path / file).write_text(str(value))
    yield Group(path, f"/{name}")
    for _ in range(100):
        # Of other controllers too, where the engine has made it.
        done = subprocess.run(
            ["find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path", f"*/{name}*", "-exec", "rmdir", "{}", "+"],
            check=False,
            capture_output=True,
        )
        if not done.returncode:
            break
        time.sleep(0.1)
    assert not path.exists()


def within(place: Path, *command: object) -> list[str]:
    return ["sh", "-c", 'echo "$$" >"$0" && exec "$@"', str(place), *map(str, command)]


@pytest.fixture
def small(server: Server, group: Group) -> Iterator[Server]:
    directory = DISK / f"dokku-cache-small-{os.getpid()}"
    up = within(group.enter("engine"), ENGINE / "up", directory, f"--cgroup-parent={group.parent}")
    subprocess.run(up, check=True)
    yield Server(replace(server.environment, docker_host=f"unix://{directory}/docker.sock"), server.root)
    subprocess.run([ENGINE / "down", directory], check=True)


def test_a_big_cache_is_measured_and_purged_with_a_sign_of_life_all_along(small: Server, group: Group) -> None:
    cache = small.make_app("shop") / "cache"
    directories = 20
    for number in range(directories):
        (cache / f"buildcache/directory{number}").mkdir(parents=True)
        trees.many(cache / f"buildcache/directory{number}", ENTRIES // directories)
    give(cache, 32767)
    list_apps(small, "shop")
    lines, longest, last = [], 0.0, time.monotonic()
    with subprocess.Popen(
        within(group.enter("plugin"), *command("purge-legacy", "shop")),
        env=environ(small),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
    ) as process:
        assert process.stdout
        for line in process.stdout:
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
            lines.append(line)
    said = "".join(lines)
    assert process.returncode == 0, said
    assert f"{ENTRIES:,} files)" in said
    assert os.listdir(cache.parent) == ["HEAD"]
    assert group.kills == 0
    assert longest < SILENCE_SECONDS, said
