"""Dokku's version."""

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
def test_versions_are_read_in_all_their_forms(text: str, expected: DokkuVersion | None) -> None:
    assert files.parse_version(text) == expected


def test_the_packages_file_is_read_first(tmp_path: Path) -> None:
    assert files.dokku_version(str(tmp_path)) is None
    (tmp_path / "VERSION").write_text("v0.30.0-1-gabc\n")
    assert files.dokku_version(str(tmp_path)) == DokkuVersion(0, 30, 0)
    (tmp_path / "STABLE_VERSION").write_text("0.38.27\n")
    assert files.dokku_version(str(tmp_path)) == DokkuVersion(0, 38, 27)


@pytest.mark.parametrize("damaged", [b"\xff\xfe", b"\0" * 64, b"0.38.27\0"])
def test_a_damaged_file_is_no_version(tmp_path: Path, damaged: bytes) -> None:
    (tmp_path / "STABLE_VERSION").write_bytes(damaged)
    assert files.dokku_version(str(tmp_path)) is None
    assert files.dokku_version_text(str(tmp_path)) == ""
