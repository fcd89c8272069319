"""Which file systems are looked at, and what they are called."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.errors import Unknown
from dokku_cache.survey import disks
from dokku_cache.tree.mounts import FileSystem, Mount

STATE = FileSystem("", 1, 100, 60, 40, 10, 5)
#: Devices by the beginnings of paths.
DEVICES: dict[str, int] = {}


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, int]], None]:
    """Give a function that says which paths lie on which device; a path that it does not name cannot be looked at."""

    def have(by_beginning: dict[str, int]) -> None:
        def look(path: str) -> FileSystem | None:
            found = max((begin for begin in by_beginning if path.startswith(begin)), key=len, default=None)
            return replace(STATE, path=path, device=by_beginning[found]) if found else None

        monkeypatch.setattr(disks.mounts, "read_file_system", look)

    return have


def engine(monkeypatch: pytest.MonkeyPatch, data_root: str | None) -> Engine:
    def answer(_: Engine) -> list[str]:
        if data_root is None:
            raise Unknown("Docker did not respond")
        return [data_root] if data_root else []

    monkeypatch.setattr(Engine, "data_roots", answer)
    monkeypatch.setattr(disks.host_root, "own_container", lambda: "")
    return Engine("")


def paths(found: tuple[disks.Disk, ...]) -> list[tuple[str, ...]]:
    return [disk.paths for disk in found]


def test_directories_on_one_file_system_are_one_disk(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch, devices: Callable[[dict[str, int]], None]
) -> None:
    asked = engine(monkeypatch, "/data")
    devices({environment.root: 1, "/data": 1})
    assert paths(disks.read_all(environment, asked, [])) == [(environment.root, "/data")]
    devices({environment.root: 1, "/data": 2})
    assert paths(disks.read_all(environment, asked, [])) == [(environment.root,), ("/data",)]
    devices({environment.root: 1})
    assert paths(disks.read_all(environment, asked, [])) == [(environment.root,)]


@pytest.mark.parametrize("data_root", [None, ""])
def test_an_engine_that_does_not_tell_is_left_out(
    environment: DokkuEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    devices: Callable[[dict[str, int]], None],
    data_root: str | None,
) -> None:
    devices({"/": 1})
    assert paths(disks.read_all(environment, engine(monkeypatch, data_root), [])) == [(environment.root,)]


def test_in_a_container_the_engines_path_is_not_this_ones(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch, devices: Callable[[dict[str, int]], None]
) -> None:
    devices({"/": 1})
    asked = engine(monkeypatch, "/var/lib/docker")
    monkeypatch.setattr(disks.host_root, "own_container", lambda: "0" * 64)
    assert paths(disks.read_all(environment, asked, [])) == [(environment.root,)]


def test_apps_that_are_mounted_or_linked_elsewhere_are_looked_at_and_others_are_not(
    environment: DokkuEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    devices: Callable[[dict[str, int]], None],
) -> None:
    root = Path(environment.root)
    for app in ("mounted", "plain", "hidden"):
        (root / app).mkdir()
    (root / "linked").symlink_to(tmp_path)
    real = os.path.realpath(root)
    mounted = [Mount(2, "/", f"{real}/mounted"), Mount(2, "/", f"{real}/plain/deep"), Mount(2, "/", f"{real}/hidden")]
    monkeypatch.setattr(disks.mounts, "read_mounts", lambda: tuple(mounted))
    devices({environment.root: 1, f"{root}/mounted": 2, f"{root}/linked": 3, f"{root}/hidden": 4})
    apps = ["mounted", "plain", "linked"]
    found = disks.read_all(environment, engine(monkeypatch, None), apps)
    assert paths(found) == [(str(root),), (f"{root}/linked",), (f"{root}/mounted",)]
    assert paths(disks.of_apps(environment, ["mounted"])) == [(f"{root}/mounted",)]
    assert paths(disks.of_apps(environment, ["plain"])) == [(str(root),)]
    assert paths(disks.of_apps(environment, apps)) == paths(found)
    assert disks.of_apps(environment, []) == ()
