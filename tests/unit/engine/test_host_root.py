"""Where Dokku runs in a container, its root's place on the host is held against what the engine knows."""

from pathlib import Path
from typing import Any

import pytest

from dokku_cache.engine import host_root
from dokku_cache.errors import Unestablished

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
def test_the_mount_that_holds_the_root_tells_its_place(mounts: list[tuple[str, str]], expected: str) -> None:
    others = container(("/wrong", "/mnt/dokku"), identity="cd" * 32)
    assert host_root.on_host([others, container(*mounts)], OWN, "/mnt/dokku/home/dokku") == expected


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text(TABLE)
    monkeypatch.setattr(host_root, "MOUNT_TABLE", str(tmp_path / "mountinfo"))


@pytest.mark.usefixtures("inside")
def test_a_wrong_host_root_is_refused_with_the_right_one(tmp_path: Path) -> None:
    containers = [container(("/var/lib/dokku", str(tmp_path)))]
    host_root.check(containers, str(tmp_path / "home"), "/var/lib/dokku/home")
    with pytest.raises(Unestablished, match="DOKKU_HOST_ROOT is /home/dokku") as caught:
        host_root.check(containers, str(tmp_path / "home"), "/home/dokku")
    assert "DOKKU_HOST_ROOT=/var/lib/dokku/home" in caught.value.hint


def test_outside_of_a_container_nothing_is_held_against_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mountinfo").write_text(TABLE.splitlines()[0] + "\n")
    monkeypatch.setattr(host_root, "MOUNT_TABLE", str(tmp_path / "mountinfo"))
    host_root.check([container(("/elsewhere", "/"))], "/home/dokku", "/home/dokku")
