"""What plugin:install writes into every directory is a mere trace, and what somebody wrote is not."""

import os
from pathlib import Path

import pytest

from dokku_cache.sources.app_directory import read_app
from dokku_cache.tree.mounts import read_mounts


@pytest.mark.parametrize(
    ("name", "content", "is_trace"),
    [
        ("VHOST", "shop.example.com\n", True),
        ("VHOST", "shop.example.com\nshop.example.org\n", True),
        ("VHOST", "shop\n", True),
        ("VHOST", "", True),
        ("VHOST", "www.example.com\n", False),
        ("VHOST", "shop.example.com\nwww.example.com\n", False),
        ("ENV", "NO_VHOST='1'\n", True),
        ("ENV", "export NO_VHOST='1'\n", True),
        ("ENV", 'NO_VHOST="1"\nSECRET="x"\n', False),
        ("ENV", "\n" * 4096, True),
        ("ENV", "\n" * 4097, False),
        ("DOCKER_OPTIONS_DEPLOY", "--restart=on-failure:10\n", True),
        ("DOCKER_OPTIONS_DEPLOY", "--restart=on-failure:10\n-v /a:/b\n", False),
        (".deploy.lock", "4711", True),
        ("nginx.conf", "", False),
    ],
)
def test_a_directory_with_nothing_but_traces_is_bare(tmp_path: Path, name: str, content: str, is_trace: bool) -> None:
    (tmp_path / "shop" / "cache").mkdir(parents=True)
    (tmp_path / "shop" / name).write_text(content)
    assert read_app(str(tmp_path), "shop", read_mounts()).is_bare is is_trace


def test_what_is_no_plain_file_is_no_trace_and_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "shop" / "cache").mkdir(parents=True)
    (tmp_path / "elsewhere").write_text("NO_VHOST=1\n")
    (tmp_path / "shop" / "ENV").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(tmp_path / "shop" / "VHOST")
    (tmp_path / "shop" / "DOCKER_OPTIONS_DEPLOY").symlink_to("nowhere")
    found = read_app(str(tmp_path), "shop", read_mounts())
    assert [(other.name, other.is_by_install) for other in found.others] == [
        ("DOCKER_OPTIONS_DEPLOY", False),
        ("ENV", False),
        ("VHOST", False),
    ]


def test_a_file_that_cannot_be_read_is_not_by_install_and_leaves_no_handle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop" / "cache").mkdir(parents=True)
    (tmp_path / "shop" / "VHOST").write_bytes(b"\xff\n")
    handles = len(os.listdir("/proc/self/fd"))
    assert not read_app(str(tmp_path), "shop", ()).is_bare

    def read(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "read", read)
    assert not read_app(str(tmp_path), "shop", ()).is_bare
    assert len(os.listdir("/proc/self/fd")) == handles
