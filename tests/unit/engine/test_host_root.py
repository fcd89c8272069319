"""The path of Dokku's root on the engine's host, where Dokku runs in a container."""

import os
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.engine import host_root
from dokku_cache.model.errors import Unknown

OWN = "ab" * 32
TABLE = f"""\
22 1 0:20 / / rw - overlay overlay rw
31 22 254:1 /var/lib/docker/containers/{OWN}/hostname /etc/hostname rw,relatime - ext4 /dev/vda rw
"""


def container(*mounts: tuple[str, str], identity: str = OWN) -> dict[str, Any]:
    return {"Id": identity, "Mounts": [{"Source": source, "Destination": place} for source, place in mounts]}


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ([("/var/lib/dokku", "/mnt/dokku")], "/var/lib/dokku/home/dokku"),
        ([("/var/lib/dokku", "/mnt/dokku/"), ("/", "/mnt")], "/var/lib/dokku/home/dokku"),
        ([("/data", "/mnt/dokku/home/dokku")], "/data"),
        ([("/data", "/mnt/dok")], ""),
        ([("/", "/")], "/mnt/dokku/home/dokku"),
        ([], ""),
    ],
)
def test_the_nearest_mount_gives_the_path_on_the_host(mounts: list[tuple[str, str]], expected: str) -> None:
    others = container(("/wrong", "/mnt/dokku"), identity="cd" * 32)
    assert host_root.on_host([others, container(*mounts)], OWN, "/mnt/dokku/home/dokku") == expected


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text(TABLE)
    monkeypatch.setattr(host_root, "MOUNT_TABLE", str(tmp_path / "mountinfo"))


@pytest.fixture
def no_markers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_root, "MARKERS", ())
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)


@pytest.mark.usefixtures("inside")
def test_a_wrong_host_root_is_refused_with_the_right_one(tmp_path: Path) -> None:
    containers = [container(("/var/lib/dokku", str(tmp_path)))]
    host_root.check(containers, str(tmp_path / "home"), "/var/lib/dokku/home", 0)
    with pytest.raises(Unknown, match="DOKKU_HOST_ROOT is /home/dokku") as caught:
        host_root.check(containers, str(tmp_path / "home"), "/home/dokku", 0)
    assert "DOKKU_HOST_ROOT=/var/lib/dokku/home" in caught.value.hint


@pytest.mark.usefixtures("inside")
def test_a_container_that_the_engine_does_not_list_is_refused() -> None:
    with pytest.raises(Unknown, match="cannot be verified"):
        host_root.check([], "/home/dokku", "/home/dokku", 0)


@pytest.mark.usefixtures("no_markers")
@pytest.mark.parametrize("kind", ["podman", "kubernetes"])
def test_in_other_containers_the_path_cannot_be_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (tmp_path / "mountinfo").write_text(TABLE.splitlines()[0] + "\n")
    monkeypatch.setattr(host_root, "MOUNT_TABLE", str(tmp_path / "mountinfo"))
    host_root.check([container(("/elsewhere", "/"))], "/home/dokku", "/home/dokku", 0)  # in no container
    if kind == "podman":
        monkeypatch.setattr(host_root, "MARKERS", (str(tmp_path),))
    else:
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(Unknown, match="cannot be verified"):
        host_root.check([container(("/elsewhere", "/"))], "/home/dokku", "/home/dokku", 0)


def test_an_engine_that_sees_the_same_directory_needs_no_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    host_root.check([], "/home/dokku", "/home/dokku", os.getpid())
    with pytest.raises(Unknown, match="cannot be verified"):
        host_root.check([], "/home/dokku", "/home/other", os.getpid())
