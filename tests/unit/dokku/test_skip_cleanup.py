"""Dokku's skip-cleanup, wherever it is set."""

from pathlib import Path

import pytest

from dokku_cache.dokku import host_settings
from dokku_cache.dokku.environment import DokkuEnvironment


def test_it_is_off_when_nothing_is_set(environment: DokkuEnvironment) -> None:
    assert not host_settings.skips_cleanup(environment, "shop", {})


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("lib/config/builder/shop/skip-cleanup", "true"),
        ("lib/config/builder/--global/skip-cleanup", "true\n"),
        ("lib/config/shop/ENV", 'A="1"\nDOKKU_SKIP_CLEANUP="true"\n'),
        ("home/shop/ENV", "export DOKKU_SKIP_CLEANUP='true'\n"),
        ("home/ENV", "export DOKKU_SKIP_CLEANUP=true\n"),
    ],
)
def test_each_place_counts(environment: DokkuEnvironment, tmp_path: Path, place: str, text: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert host_settings.skips_cleanup(environment, "shop", {})
    path.write_text(text.replace("true", "false"))
    assert not host_settings.skips_cleanup(environment, "shop", {})


def test_the_environment_counts(environment: DokkuEnvironment) -> None:
    assert host_settings.skips_cleanup(environment, "shop", {"DOKKU_SKIP_CLEANUP": "true"})
