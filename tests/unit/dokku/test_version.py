"""Which Dokku is installed."""

from pathlib import Path

import pytest

from dokku_cache.dokku import files
from dokku_cache.model.finding import DokkuVersion


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.38.27", DokkuVersion(0, 38, 27)),
        ("v0.38.27-33-g3389f58", DokkuVersion(0, 38, 27)),
        ("1690000000:0.31.0", DokkuVersion(0, 31, 0)),
        ("0.31.0~rc1", DokkuVersion(0, 31, 0)),
        ("0.31", None),
        ("0.31.0.1", None),
        ("", None),
        ("dokku", None),
        ("99999999.0.0", None),
    ],
)
def test_versions_in_all_their_forms(text: str, expected: DokkuVersion | None) -> None:
    assert files.parse_version(text) == expected


def test_the_packages_file_comes_first(tmp_path: Path) -> None:
    (tmp_path / "VERSION").write_text("v0.30.0-1-gabc\n")
    assert files.dokku_version(str(tmp_path)) == DokkuVersion(0, 30, 0)
    (tmp_path / "STABLE_VERSION").write_text("0.38.27\n")
    assert files.dokku_version(str(tmp_path)) == DokkuVersion(0, 38, 27)


def test_no_file_or_an_unreadable_one_is_no_version(tmp_path: Path) -> None:
    assert files.dokku_version(str(tmp_path)) is None
    for damaged in (b"\xff\xfe", b"\0" * 64, b"0.38.27\0"):
        (tmp_path / "STABLE_VERSION").write_bytes(damaged)
        assert files.dokku_version(str(tmp_path)) is None
        assert files.dokku_version_text(str(tmp_path)) == ""
