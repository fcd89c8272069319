"""The distribution's modules come first; what hides them all the same is named."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from dokku_cache import modules
from dokku_cache.model.errors import CacheError


def test_the_distributions_directories_come_before_all_others_but_this_plugins_own() -> None:
    isolated = [
        "/usr/local/src/cache/src",
        "/usr/lib/python311.zip",
        "/usr/lib/python3.11",
        "/usr/lib/python3.11/lib-dynload",
        "/usr/local/lib/python3.11/dist-packages",
        "/opt/from-a-pth-file",
        "/usr/lib/python3/dist-packages",
    ]
    ordered = modules.distribution_first(isolated)
    assert ordered[0] == isolated[0]
    assert ordered[1:5] == [*isolated[1:4], "/usr/lib/python3/dist-packages"]
    assert sorted(ordered) == sorted(isolated)


def test_a_package_whose_own_need_is_missing_is_not_called_missing_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needing_more.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(modules, "foreign_modules", dict)
    with pytest.raises(CacheError, match="No module named 'no_such_package'") as caught:
        modules.load("needing_more")
    assert "apt-get install --reinstall python3-needing_more" in caught.value.hint


@pytest.mark.parametrize("has_own", [True, False])
def test_setuptools_distutils_goes_where_python_has_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, has_own: bool
) -> None:
    removed: list[str] = []
    hack = ModuleType("_distutils_hack")
    monkeypatch.setattr(hack, "remove_shim", lambda: removed.append("shim"), raising=False)
    monkeypatch.setitem(sys.modules, "_distutils_hack", hack)
    (tmp_path / "distutils").mkdir()
    (tmp_path / "distutils/__init__.py").touch()
    if has_own:  # Debian has the package in parts
        (tmp_path / "distutils/spawn.py").touch()
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    modules.own_distutils_first()
    assert removed == (["shim"] if has_own else [])


def test_a_package_that_fails_or_is_missing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_module.py").write_text("raise AttributeError('no SSLv3')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(CacheError, match="no SSLv3"):
        modules.load("broken_module")
    with pytest.raises(CacheError, match="not_there"):
        modules.load("not_there")
