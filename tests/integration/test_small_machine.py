"""On a machine with 400 MB for engine, containers and plugin, without swap, none of them is killed."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from . import trees
from .calling import command, environ
from .conftest import DISK, ENGINE, IS_LONG, Server, give

ENTRIES = 1_000_000 if IS_LONG else 100_000
LIMIT_BYTES = 400 << 20
#: Without a terminal a line is printed every 10 s. The machine may be busy.
MAX_PAUSE_SECONDS = 60


@dataclass(frozen=True)
class Group:
    """A control group with a memory limit, for processes and for the containers of an engine (v1 and v2)."""

    path: Path
    parent: str

    def enter(self, name: str) -> Path:
        """Return the file for processes of a group below; a parent cannot have processes (cgroups(7))."""
        below = self.path / name
        below.mkdir(exist_ok=True)
        return below / "cgroup.procs"

    @property
    def kills(self) -> int:
        """The number of processes that were killed because of the limit."""
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


def test_a_big_cache_is_purged_with_progress_all_the_time(small: Server, group: Group) -> None:
    cache = small.make_app("shop") / "cache"
    directories = 20
    for number in range(directories):
        (cache / f"buildcache/directory{number}").mkdir(parents=True)
        trees.many(cache / f"buildcache/directory{number}", ENTRIES // directories)
    give(cache, 32767)
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
    printed = "".join(lines)
    assert process.returncode == 0, printed
    assert f"{ENTRIES:,} files)" in printed
    assert os.listdir(cache.parent) == ["HEAD"]
    assert group.kills == 0
    assert longest < MAX_PAUSE_SECONDS, printed
