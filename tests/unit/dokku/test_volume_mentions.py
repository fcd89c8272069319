"""Docker options and storage may name a volume that no container mounts now."""

from pathlib import Path

import pytest

from dokku_cache.dokku import volume_mentions
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.version import DokkuVersion

NOW = DokkuVersion(0, 38, 27)
NAME = "cache-shop"


def options(environment: DokkuEnvironment, text: str) -> None:
    path = Path(environment.lib_root, "config/docker-options/blog/_default_.deploy")
    path.parent.mkdir(parents=True)
    path.write_text(text + "\n")


@pytest.mark.parametrize(
    "option",
    [
        "-v cache-shop:/data",
        "-vcache-shop:/data",
        "--volume=cache-shop:/data:ro",
        "--mount type=volume,source=cache-shop,target=/data",
        "--mount 'type=volume,src=cache-shop,dst=/data'",
        "-itv cache-shop:/x",
        "-itvcache-shop:/x",
    ],
)
def test_an_option_of_any_app_that_names_a_volume_is_found(environment: DokkuEnvironment, option: str) -> None:
    options(environment, option)
    found = volume_mentions.find(environment, {NAME, "other"}, NOW)
    assert list(found.by_name) == [NAME]
    assert option in found.by_name[NAME][0]
    assert "blog" in found.by_name[NAME][0]


@pytest.mark.parametrize(
    "option", ["-v cache-shop2:/data", "-v my-cache-shop:/data", "-v cache-shop.old:/data", "-v cache-v-shop:/x", ""]
)
def test_a_name_that_is_only_a_part_of_another_is_none(environment: DokkuEnvironment, option: str) -> None:
    options(environment, option)
    assert volume_mentions.find(environment, {NAME}, NOW).by_name == {}


def test_a_flag_is_taken_off_once_whatever_the_name_behind_it_looks_like(environment: DokkuEnvironment) -> None:
    options(environment, "-vcache-volume:/data")
    assert list(volume_mentions.find(environment, {"cache-volume"}, NOW).by_name) == ["cache-volume"]


@pytest.mark.parametrize("installed", [DokkuVersion(0, 38, 24), None])
def test_what_only_a_shell_could_tell_is_unknown_where_dokku_lets_one_read_options(
    environment: DokkuEnvironment, installed: DokkuVersion | None
) -> None:
    options(environment, "-v $CACHE:/data")
    assert "shell" in volume_mentions.find(environment, {NAME}, installed).unknown[0]
    for without_shell in (NOW, DokkuVersion(0, 38, 25)):
        assert volume_mentions.find(environment, {NAME}, without_shell).unknown == ()


def test_what_dokku_itself_puts_in_is_known_where_it_lets_a_shell_read_options(environment: DokkuEnvironment) -> None:
    options(environment, "-v cache-$APP:/data -v $HOME/x:/y")
    blogs = {"cache-blog"}
    with_shell = volume_mentions.find(environment, blogs, DokkuVersion(0, 38, 24))
    assert (list(with_shell.by_name), with_shell.unknown) == ([*blogs], ())
    # Without one the words are what they are, and Docker refuses them.
    assert volume_mentions.find(environment, blogs, NOW).by_name == {}


def test_options_that_cannot_be_read_are_unknown(environment: DokkuEnvironment) -> None:
    Path(environment.lib_root, "config/docker-options/blog/_default_.deploy").mkdir(parents=True)
    assert volume_mentions.find(environment, {NAME}, NOW).unknown
