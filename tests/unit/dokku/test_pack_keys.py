"""Which key pack takes for an image."""

from pathlib import Path

import pytest

from dokku_cache.dokku import host_settings
from dokku_cache.dokku.environment import DokkuEnvironment

IMAGE = "index.docker.io/dokku/shop:latest"


def write(home: Path, content: str) -> None:
    home.mkdir(parents=True)
    (home / "volume-keys.toml").write_text(content)


def test_a_key_is_found_by_the_full_name_of_the_image(environment: DokkuEnvironment) -> None:
    write(Path(environment.root, ".pack"), f'[volume-keys]\n  "{IMAGE}" = "abc"\n  "index.docker.io/x:y" = "d"\n')
    keys = host_settings.pack_keys(environment, {})
    assert (keys.of(IMAGE), keys.of("index.docker.io/dokku/other:latest")) == ("abc", "")


def test_the_variable_comes_before_the_file(environment: DokkuEnvironment) -> None:
    write(Path(environment.root, ".pack"), f'[volume-keys]\n  "{IMAGE}" = "abc"\n')
    assert host_settings.pack_keys(environment, {"PACK_VOLUME_KEY": "all"}).of(IMAGE) == "all"


def test_pack_may_have_another_home(environment: DokkuEnvironment, tmp_path: Path) -> None:
    write(tmp_path / "pack", f'"{IMAGE}" = "abc"\n')
    assert host_settings.pack_keys(environment, {"PACK_HOME": str(tmp_path / "pack")}).of(IMAGE) == "abc"


@pytest.mark.parametrize(
    "content", ["", "\0\0", f'"{IMAGE}" = abc', f'# "{IMAGE}" = "abc"', f'"{IMAGE}" = "a" = "b"']
)
def test_what_is_not_understood_is_no_key(environment: DokkuEnvironment, content: str) -> None:
    write(Path(environment.root, ".pack"), content)
    assert host_settings.pack_keys(environment, {}).of(IMAGE) == ""


def test_without_the_file_there_is_no_key(environment: DokkuEnvironment) -> None:
    assert host_settings.pack_keys(environment, {}).of(IMAGE) == ""
