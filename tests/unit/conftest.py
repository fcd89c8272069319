"""An environment as Dokku gives it, below a temporary directory."""

from pathlib import Path

import pytest

from dokku_cache.dokku.environment import DokkuEnvironment


@pytest.fixture
def environment(tmp_path: Path) -> DokkuEnvironment:
    for directory in ("home", "lib", "log"):
        (tmp_path / directory).mkdir()
    return DokkuEnvironment.read(
        {
            "DOKKU_ROOT": str(tmp_path / "home"),
            "DOKKU_LIB_ROOT": str(tmp_path / "lib"),
            "DOKKU_LOGS_DIR": str(tmp_path / "log"),
        }
    )
