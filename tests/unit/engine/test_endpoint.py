"""Which engine Dokku uses."""

import hashlib
import json
from pathlib import Path

import pytest

from dokku_cache.engine.client import Engine
from dokku_cache.engine.endpoint import DEFAULT_SOCKET, DockerConfig, resolve
from dokku_cache.model.errors import Unknown


def add_context(directory: Path, name: str, host: str) -> None:
    meta = directory / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest() / "meta.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps({"Name": name, "Endpoints": {"docker": {"Host": host}}}))


def test_docker_host_comes_before_a_context(tmp_path: Path) -> None:
    assert resolve("unix:///x", DockerConfig("other", str(tmp_path))) == "unix:///x"


def test_without_a_context_it_is_the_default_socket(tmp_path: Path) -> None:
    assert resolve("", DockerConfig()) == resolve("", DockerConfig("", str(tmp_path))) == DEFAULT_SOCKET
    (tmp_path / "config.json").write_text('{"auths": {}}')
    assert resolve("", DockerConfig("", str(tmp_path))) == DEFAULT_SOCKET
    assert resolve("", DockerConfig("default", str(tmp_path))) == DEFAULT_SOCKET


@pytest.mark.parametrize("by_variable", [True, False])
def test_a_context_gives_its_socket(tmp_path: Path, *, by_variable: bool) -> None:
    add_context(tmp_path, "rootless", "unix:///run/user/1000/docker.sock")
    if not by_variable:
        (tmp_path / "config.json").write_text('{"currentContext": "rootless"}')
    config = DockerConfig("rootless" if by_variable else "", str(tmp_path))
    assert resolve("", config) == "unix:///run/user/1000/docker.sock"


def test_a_context_that_is_another_machine_or_missing_is_refused_by_name(tmp_path: Path) -> None:
    add_context(tmp_path, "prod", "ssh://root@example.com")
    for name in ("prod", "missing"):
        with pytest.raises(Unknown, match=f"context {name}"):
            Engine("", config=DockerConfig(name, str(tmp_path))).containers()


def test_an_unreadable_configuration_is_ignored_and_an_unreadable_context_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    assert resolve("", DockerConfig("", str(tmp_path))) == DEFAULT_SOCKET
    add_context(tmp_path, "broken", "unix:///x")
    next(tmp_path.glob("contexts/meta/*/meta.json")).write_text("{")
    with pytest.raises(Unknown, match=r"meta\.json cannot be read"):
        resolve("", DockerConfig("broken", str(tmp_path)))
