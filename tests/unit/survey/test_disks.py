"""The file systems that are read, and the paths on each."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.model.errors import Unknown
from dokku_cache.survey import disks
from dokku_cache.tree.mounts import FileSystem, Mount

STATE = FileSystem("", 1, 100, 60, 40, 10, 5)
SetDevices = Callable[[dict[str, int]], None]


@pytest.fixture
def devices(monkeypatch: pytest.MonkeyPatch) -> SetDevices:
    """Set the devices of paths by their beginnings; other paths cannot be read."""

    def set_devices(by_beginning: dict[str, int]) -> None:
        def read(path: str) -> FileSystem | None:
            found = max((begin for begin in by_beginning if path.startswith(begin)), key=len, default=None)
            return replace(STATE, path=path, device=by_beginning[found]) if found else None

        monkeypatch.setattr(disks.mounts, "read_file_system", read)

    return set_devices


def engine(monkeypatch: pytest.MonkeyPatch, data_root: str | None, container: str = "") -> Engine:
    def answer(_: Engine) -> list[str]:
        if data_root is None:
            raise Unknown("Docker did not respond")
        return [data_root] if data_root else []

    monkeypatch.setattr(Engine, "data_roots", answer)
    monkeypatch.setattr(disks.host_root, "own_container", lambda: container)
    return Engine("")


def paths(found: tuple[disks.Disk, ...]) -> list[tuple[str, ...]]:
    return [disk.paths for disk in found]


@pytest.mark.parametrize(
    ("by_beginning", "expected"),
    [
        ({"ROOT": 1, "/data": 1}, [("ROOT", "/data")]),
        ({"ROOT": 1, "/data": 2}, [("ROOT",), ("/data",)]),
        ({"ROOT": 1}, [("ROOT",)]),
    ],
)
def test_directories_on_one_file_system_are_one_disk(
    environment: DokkuEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    devices: SetDevices,
    by_beginning: dict[str, int],
    expected: list[tuple[str, ...]],
) -> None:
    devices({begin.replace("ROOT", environment.root): device for begin, device in by_beginning.items()})
    found = paths(disks.read(environment, [], engine(monkeypatch, "/data")))
    assert found == [tuple(path.replace("ROOT", environment.root) for path in disk) for disk in expected]


@pytest.mark.parametrize(("data_root", "container"), [(None, ""), ("", ""), ("/var/lib/docker", "0" * 64)])
def test_the_data_of_an_engine_that_fails_or_is_outside_of_this_container_is_left_out(
    environment: DokkuEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    devices: SetDevices,
    data_root: str | None,
    container: str,
) -> None:
    devices({"/": 1})
    found = disks.read(environment, [], engine(monkeypatch, data_root, container))
    assert paths(found) == [(environment.root,)]


def test_mounted_and_linked_apps_are_read_too(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, devices: SetDevices
) -> None:
    root = Path(environment.root)
    for app in ("mounted", "plain", "hidden"):
        (root / app).mkdir()
    (root / "linked").symlink_to(tmp_path)
    real = os.path.realpath(root)
    mounted = tuple(Mount(2, "/", f"{real}/{name}") for name in ("mounted", "plain/deep", "hidden"))
    monkeypatch.setattr(disks.mounts, "read_mounts", lambda: mounted)
    devices({environment.root: 1, f"{root}/mounted": 2, f"{root}/linked": 3, f"{root}/hidden": 4})
    apps = ["mounted", "plain", "linked"]
    found = disks.read(environment, apps, engine(monkeypatch, None))
    assert paths(found) == [(str(root),), (f"{root}/linked",), (f"{root}/mounted",)]
    assert paths(disks.read(environment, ["plain"])) == [(str(root),)]
