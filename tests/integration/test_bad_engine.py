"""An engine that cannot start containers, denies them, is pruned meanwhile, or restarts in the middle of a purge."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.dokku import history

from .bad_engine import RUNTIME_FAILURE, BadEngine, bad_engine, is_running
from .calling import call, command, environ
from .conftest import Server, manifest

FILES = 3000


@pytest.fixture(scope="module")
def bad() -> Iterator[BadEngine]:
    with bad_engine("--live-restore") as engine:
        yield engine


@pytest.fixture
def there(server: Server, bad: BadEngine) -> Iterator[Server]:
    yield Server(replace(server.environment, docker_host=bad.docker_host), server.root)
    bad.denies = lambda *_: ""
    bad.is_failure = False
    bad.denied.clear()


def failures(server: Server) -> list[str]:
    return [record.failure for record in history.read(server.environment).records if record.failure]


def log(server: Server) -> str:
    path = Path(server.environment.logs_dir) / "cache.log"
    return path.read_text() if path.exists() else ""


def test_a_runtime_that_fails_leaves_the_cache_as_it_was(there: Server, bad: BadEngine) -> None:
    cache = there.make_cache("shop")
    before = manifest(cache)
    with bad.broken_runtime():
        done = call(there, "purge-legacy", "shop")
        assert done.returncode == 1
        assert done.stderr.count(RUNTIME_FAILURE) == 1
        assert manifest(cache) == before
        assert bad.containers() == []
        for _ in range(3):
            daily = call(there, "auto-purge", "--daily")
            assert daily.returncode == 1
            assert daily.stderr.count(RUNTIME_FAILURE) == daily.stderr.count("shop") == 1
            call(there, "post-deploy", "shop")
        assert len(failures(there)) == 1
        assert [log(there).count(f"{run}: !     shop") for run in ("daily run", "post-deploy")] == [3, 0]
        assert manifest(cache) == before
        assert bad.containers() == []
    done = call(there, "auto-purge", "--daily")
    assert (done.returncode, cache.exists()) == (0, False), done.stderr


def test_nothing_is_removed_while_the_engine_has_an_empty_data_root(
    server: Server, there: Server, bad: BadEngine, container: Callable[[str], str]
) -> None:
    """As when the disk with its data is mounted late: the engine does not have a container that Dokku recorded."""
    cache, blog = server.make_cache("shop"), server.make_app("blog")
    (blog / "CONTAINER.web.1").write_text(container("/srv:/srv"))
    before = manifest(cache)
    assert bad.containers() == []
    call(there, "auto-purge", "--daily")
    assert call(there, "purge-legacy", "shop", "--force").returncode == 1
    assert manifest(cache) == before
    assert call(server, "purge-legacy", "shop").returncode == 0


@pytest.mark.parametrize("limit", [1, 2, 4, 60])
def test_a_limit_of_processes_removes_all_or_nothing(there: Server, limit: int) -> None:
    cache = there.make_cache("shop", files=FILES)
    before = manifest(cache)
    done = subprocess.run(
        ["prlimit", f"--nproc={limit}", *command("purge-legacy", "shop")],
        env=environ(there),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not {"Traceback", "Unexpected"} & set(done.stderr.split())
    assert not cache.exists() if done.returncode == 0 else manifest(cache) == before


def test_a_caller_in_a_directory_that_is_closed_to_dokku(there: Server, tmp_path: Path) -> None:
    cache = there.make_cache("shop")
    tmp_path.chmod(0o700)
    for arguments in (("list",), ("report", "shop"), ("purge-legacy", "shop")):
        done = subprocess.run(
            command(*arguments), env=environ(there), cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert not cache.exists()


REQUIREMENTS = ("DAC_OVERRIDE", "FOWNER", "UsernsMode host", "bind mount")


@pytest.mark.parametrize("is_failure", [False, True], ids=["denial", "error"])
@pytest.mark.parametrize("setting", ["CapAdd", "UsernsMode", "Mounts"])
def test_an_authorization_plugin_that_denies_the_helper(
    there: Server, bad: BadEngine, setting: str, is_failure: bool
) -> None:
    cache = there.make_cache("shop")
    before = manifest(cache)

    def deny(_method: str, path: str, body: Any) -> str:
        has_setting = path.endswith("/containers/create") and body["HostConfig"].get(setting)
        return f"rule 7 forbids {setting}" if has_setting else ""

    bad.denies, bad.is_failure = deny, is_failure
    done = call(there, "purge-legacy", "shop")
    assert done.returncode == 1
    said = " ".join(done.stderr.replace(" !     ", "").split())
    assert said.count(f"rule 7 forbids {setting}") == 1
    assert all(requirement in said for requirement in REQUIREMENTS)
    assert manifest(cache) == before
    assert bad.containers() == []
    bad.denies = lambda *_: ""
    assert call(there, "purge-legacy", "shop").returncode == 0


@pytest.fixture
def prune_loop(bad: BadEngine) -> Iterator[None]:
    """Prune without a pause, as cron jobs of administrators do now and then."""
    loop = "while :; do docker system prune --all --force --volumes; docker volume prune --force; done"
    environment = {**os.environ, "DOCKER_HOST": bad.docker_host}
    process = subprocess.Popen(
        ["bash", "-c", loop],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    yield
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@pytest.mark.usefixtures("prune_loop")
def test_commands_next_to_a_prune_loop_remove_all_or_nothing(there: Server, bad: BadEngine) -> None:
    apps = [f"app{number}" for number in range(4)]
    for app in apps:
        cache = there.make_cache(app)
        before = manifest(cache)
        for _ in range(5):
            done = call(there, "purge-legacy", app)
            assert "b'" not in done.stderr
            if done.returncode == 0:
                assert not cache.exists()
                break
            assert "docker system prune" in " ".join(done.stderr.split())
            assert not cache.exists() or manifest(cache) == before
    for number in range(3):
        bad.api.create_volume(
            f"cache-app{number}", labels={"com.dokku.builder-type": "herokuish", "com.dokku.app-name": f"app{number}"}
        )
        done = call(there, "purge-volumes", f"app{number}", "--force")
        assert done.returncode == 0, done.stderr
    assert call(there, "list").returncode == 0


@dataclass
class RunningHelper:
    """The processes of a helper container that deletes files of an app."""

    app_directory: Path
    init: int

    def send(self, number: signal.Signals) -> None:
        namespace = os.readlink(f"/proc/{self.init}/ns/pid") if is_running(self.init) else ""
        for process in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError):
                if namespace and os.readlink(f"/proc/{process}/ns/pid") == namespace:
                    os.kill(int(process), number)

    @property
    def files_left(self) -> int:
        trash = next(self.app_directory.glob(".dokku-cache-trash.*"))
        return len(os.listdir(trash / "buildcache")) if (trash / "buildcache").exists() else 0

    def delete_more(self) -> int:
        """Let it delete some files and stop it in the middle; return how many are left."""
        before = now = self.files_left
        while now == before:
            self.send(signal.SIGCONT)
            time.sleep(0.005)
            self.send(signal.SIGSTOP)
            now = self.files_left
        assert 0 < now < before
        return now


def wait_for_helper(bad: BadEngine, app_directory: Path) -> RunningHelper:
    while True:
        for container in bad.api.containers(filters={"label": "com.dokku.cache.helper=container"}):
            return RunningHelper(app_directory, bad.api.inspect_container(container["Id"])["State"]["Pid"])
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("how", "names"),
    [
        (signal.SIGTERM, ("docker",)),
        (signal.SIGKILL, ("docker",)),
        (signal.SIGKILL, ("docker", "containerd")),
        (signal.SIGKILL, ("containerd",)),
    ],
    ids=str,
)
def test_a_purge_during_which_the_engine_restarts(
    there: Server, bad: BadEngine, how: signal.Signals, names: tuple[str, ...]
) -> None:
    cache = there.make_cache("shop", files=FILES)
    with (
        bad.pausing_runtime(),
        subprocess.Popen(
            command("purge-legacy", "shop"),
            env=environ(there),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as purge,
    ):
        helper = wait_for_helper(bad, cache.parent)
        helper.delete_more()
        bad.restart(how, *names)
        helper.delete_more()
        if "docker" not in names:
            helper.send(signal.SIGCONT)
        _, err = purge.communicate(timeout=60)
    if "docker" in names:
        assert purge.returncode == 3
        assert "the helper container may still be running" in err
        done = call(there, "purge-legacy", "shop")
        assert done.returncode == 0, done.stderr
    assert os.listdir(cache.parent) == ["HEAD"]
    records = history.read(there.environment).records
    assert sum(record.files for record in records) == FILES
    assert bad.containers() == []
    assert not is_running(helper.init)
