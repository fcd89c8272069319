"""The distribution's modules come first; what hides them all the same is named."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from dokku_cache import modules
from dokku_cache.errors import PackageHidden, PackageMissing


# promise: isolated
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


def test_a_package_that_is_not_there_is_missing() -> None:
    with pytest.raises(PackageMissing, match="no_such_package is missing"):
        modules.load("no_such_package.errors")


def test_a_package_that_cannot_be_loaded_is_named_with_the_file_that_hides_what_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needing.py").write_text("import six\nraise AttributeError('no SSLv3')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    stranger = ModuleType("six")
    stranger.__file__ = "/usr/local/lib/python3.11/dist-packages/six.py"
    monkeypatch.setitem(sys.modules, "six", stranger)
    with pytest.raises(PackageHidden) as caught:
        modules.load("needing")
    assert "AttributeError: no SSLv3" in str(caught.value)
    assert "/usr/local/lib/python3.11/dist-packages/six.py hides the distribution's six" in str(caught.value)
    assert "pip uninstall" in caught.value.hint
    assert "six" in caught.value.hint


def test_a_package_whose_own_need_is_missing_is_not_called_missing_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "needing_more.py").write_text("import no_such_package\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(modules, "strangers", dict)
    with pytest.raises(PackageHidden, match="No module named 'no_such_package'") as caught:
        modules.load("needing_more")
    assert "apt-get install --reinstall python3-needing_more" in caught.value.hint
