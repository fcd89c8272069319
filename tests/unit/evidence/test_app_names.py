"""Names in an app's directory: what is Dokku's and nobody else's, and what it shares with others."""

import pytest

from dokku_cache.evidence import app_names


@pytest.mark.parametrize(
    ("name", "is_directory", "is_telling", "is_known"),
    [
        ("ENV", False, True, True),
        ("CONTAINER.web.1", False, True, True),
        # Somebody's folder may be called anything.
        ("ENV", True, False, False),
        ("CONTAINER.web.1", True, False, False),
        ("nginx.conf", False, False, True),
        ("nginx.conf", True, False, False),
        ("tls", True, False, True),
        ("tls", False, False, False),
        ("sedA1b2C3", False, False, True),
        ("sedA1b2C3", True, False, False),
        ("sediment.csv", False, False, False),
        ("photos", True, False, False),
    ],
)
def test_a_name_tells_of_an_app_only_with_its_kind(
    name: str, *, is_directory: bool, is_telling: bool, is_known: bool
) -> None:
    assert app_names.is_telling(name, is_directory=is_directory) is is_telling
    assert app_names.is_known(name, is_directory=is_directory) is is_known
