"""Real directories, a real dokku user, and a real engine. Tests are skipped where one of these is missing."""

import gc
import os
import pickle
import pwd
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker  # noqa: F401 - here once, and so in every process that is forked for a test
import pytest

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine

#: `make proof` runs the long form of some tests.
IS_LONG = os.environ.get("PROOF") == "long"
HEROKUISH = 32767
#: -1 without such a user; then all tests here are skipped.
try:
    DOKKU = pwd.getpwnam("dokku").pw_uid
except KeyError:
    DOKKU = -1
DISK = Path(os.environ.get("TESTS_DIRECTORY", "/var/tmp"))
STAND_IN = Path(__file__).parents[1] / "dokku"
ENGINE = Path(__file__).parents[1] / "engine"


def pytest_configure() -> None:
    """Create trees as on a server, whatever the caller's umask is."""
    os.umask(0o022)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests that this machine cannot run, with the reason."""
    missing = []
    if os.geteuid() != 0:
        missing.append("root")
    if not os.environ.get("DOCKER_HOST", "").startswith("unix://"):
        missing.append("an engine of its own, by DOCKER_HOST")
    if DOKKU == -1:
        missing.append("a dokku user")
    for item in items:
        if missing and "integration" in str(item.path):
            item.add_marker(pytest.mark.skip(reason=f"it needs {', '.join(missing)}"))


@dataclass(frozen=True)
class Server:
    """A directory of apps, as Dokku has them."""

    environment: DokkuEnvironment
    root: Path

    def make_app(self, name: str) -> Path:
        app = self.root / name
        app.mkdir()
        (app / "HEAD").write_text("ref: refs/heads/master\n")
        give(app, DOKKU)
        return app

    def make_cache(self, name: str, files: int = 3) -> Path:
        cache = self.make_app(name) / "cache"
        (cache / "buildcache").mkdir(parents=True)
        for number in range(files):
            (cache / "buildcache" / f"gem{number}").write_text("x" * (number % 100))
        give(cache, HEROKUISH)
        age(cache)
        return cache

    def set(self, key: str, value: str, owner: str = "--global") -> None:
        """Set a property of the plugin, as Dokku's own tool stores it."""
        file = Path(self.environment.lib_root, "config/cache", owner, key)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")

    def make_ghost(self, name: str, content: str = "cedar-14/vendor/bundle") -> Path:
        """Create what a destroyed app leaves: only a cache, by default as the ruby buildpack creates it."""
        cache = self.root / name / "cache"
        (cache / content).mkdir(parents=True)
        (cache / content / "file").write_text("x")
        give(cache.parent, DOKKU)
        give(cache, HEROKUISH)
        age(cache)
        return cache


def give(top: Path, uid: int) -> None:
    """Change the owner of everything below."""
    subprocess.run(["chown", "-R", "-h", f"{uid}:{uid}", str(top)], check=True)


def age(top: Path) -> None:
    """Give everything below the mtime of an old cache."""
    subprocess.run(["find", str(top), "-exec", "touch", "-h", "-d", "2022-11-03 10:00", "{}", "+"], check=True)


def manifest(top: Path) -> list[tuple[Any, ...]]:
    """Return names, modes, owners, sizes, inodes and link targets of everything below."""
    lines = []
    for directory, directories, files in os.walk(os.fsencode(top)):
        for name in directories + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            target = os.readlink(path) if os.path.islink(path) else b""
            lines.append((path, status.st_mode, status.st_uid, status.st_size, status.st_ino, target))
    return sorted(lines)


def make_trigger(base: Path, name: str, command: str) -> None:
    """Let a plugin run this command for a trigger of Dokku."""
    file = base / "plugins/enabled/test" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{command}\n")
    file.chmod(0o755)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    # On a disk, because /tmp may be memory; pytest's own directories are closed to other users.
    base = DISK / f"dokku-cache-{os.getpid()}-{tmp_path.name[:20]}"
    root = base / "home"
    for directory in (root, base / "lib/data/apps", base / "plugins/enabled", base / "log"):
        directory.mkdir(parents=True)
    (base / "lib/STABLE_VERSION").write_text("0.38.27\n")
    make_trigger(base, "app-list", 'ls "$DOKKU_ROOT"')
    give(base, DOKKU)
    monkeypatch.setenv("DOKKU_ROOT", str(root))
    monkeypatch.setenv("PLUGIN_PATH", str(base / "plugins"))
    monkeypatch.setenv("PATH", f"{STAND_IN / 'bin'}:{os.environ['PATH']}")
    environment = DokkuEnvironment(
        root=str(root),
        host_root=str(root),
        lib_root=str(base / "lib"),
        logs_dir=str(base / "log"),
        core_plugins=str(base / "plugins"),
        docker_host=os.environ["DOCKER_HOST"],
    )
    made = Server(environment, root)
    # The ctime of a test's files is always recent.
    made.set("min-age", "0")
    yield made
    subprocess.run(["rm", "-rf", str(base)], check=True)
    assert not base.exists()


@pytest.fixture
def engine() -> Engine:
    return Engine(os.environ["DOCKER_HOST"])


@pytest.fixture
def volume() -> Iterator[Callable[..., str]]:
    """Return a function that creates a volume from a name, a size in bytes, and labels."""
    made: list[str] = []

    def make(name: str, size_bytes: int = 0, **labels: str) -> str:
        options = [word for key, value in labels.items() for word in ("--label", f"com.dokku.{key}={value}")]
        subprocess.run(["docker", "volume", "create", *options, name], capture_output=True, check=True)
        made.append(name)
        where = subprocess.run(
            ["docker", "volume", "inspect", "--format", "{{.Mountpoint}}", name],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        Path(where, "layer").write_bytes(b"x" * size_bytes)
        return name

    yield make
    subprocess.run(["docker", "volume", "rm", "--force", *made], capture_output=True, check=bool(made))


@pytest.fixture(scope="session", autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    yield
    if shutil.which("docker") and os.environ.get("DOCKER_HOST"):
        listing = ["docker", "ps", "--all", "--quiet", "--filter", "label=com.dokku.cache.helper"]
        left = subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split()
        assert left == []


def as_dokku(work: Callable[[], Any]) -> Any:
    """Do something in a child process as the dokku user; return what it returns, or raise what it raises."""
    user = pwd.getpwnam("dokku")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            os.initgroups("dokku", user.pw_gid)
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
            ignored: list[str] = []
            sys.unraisablehook = lambda hook: ignored.append(f"{hook.err_msg}: {hook.exc_value!r} in {hook.object!r}")
            try:
                result: tuple[str, Any] = ("gives", work())
                gc.collect()
                if ignored:
                    result = ("raises", AssertionError(f"the interpreter would complain: {ignored}"))
            except Exception as error:  # noqa: BLE001 - handed to the parent
                traceback.print_exc()
                result = ("raises", error)
            with os.fdopen(writer, "wb") as pipe:
                pickle.dump(result, pipe)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        sent = pipe.read()
    os.waitpid(child, 0)
    kind, value = pickle.loads(sent)
    if kind == "raises":
        raise value
    return value


@pytest.fixture(scope="session")
def _image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Import an image with a shell, and with herokuish's program /build."""
    directory = tmp_path_factory.mktemp("image")
    shutil.copy("/bin/busybox", directory / "build")
    make = (
        f"tar --create --file - --directory / --dereference bin/busybox --directory {directory} build | "
        "docker import - dokku-cache-test"
    )
    subprocess.run(make, shell=True, capture_output=True, check=True)
    yield
    subprocess.run(["docker", "image", "rm", "--force", "dokku-cache-test"], capture_output=True, check=True)


@pytest.fixture
def container(_image: None) -> Iterator[Callable[[str], str]]:
    """Return a function that creates a container with a mount such as ``/host/path:/path``, and returns its ID."""
    made: list[str] = []

    def make(volume: str, *options: str, command: Sequence[str] = ("/bin/busybox", "sleep", "600")) -> str:
        create = ["docker", "create", "--network", "none", "--volume", volume, *options, "dokku-cache-test", *command]
        done = subprocess.run(create, capture_output=True, text=True, check=True)
        made.append(done.stdout.strip())
        return made[-1]

    yield make
    for name in made:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=True)
