"""App beats global beats default."""

from pathlib import Path

import pytest

from dokku_cache import policy
from dokku_cache.dokku.environment import DokkuEnvironment


@pytest.mark.parametrize(
    ("app", "everywhere", "is_on"),
    [
        ("", "", True),
        ("false", "", False),
        ("", "false", False),
        ("true", "false", True),
        ("false", "true", False),
        ("perhaps", "true", False),
    ],
)
def test_the_nearest_value_holds(environment: DokkuEnvironment, app: str, everywhere: str, *, is_on: bool) -> None:
    for owner, value in (("shop", app), ("--global", everywhere)):
        if value:
            path = Path(environment.lib_root, "config/cache", owner, "auto-purge")
            path.parent.mkdir(parents=True)
            path.write_text(value)
    assert policy.auto_purge(environment, "shop").is_on is is_on
