"""Names of apps."""

import pytest

from dokku_cache.dokku import apps
from dokku_cache.errors import AppNotFound, CacheError


@pytest.mark.parametrize("name", ["shop", "a", "0", "my-app", "my.app", "old_app", "a" * 300])
def test_dokkus_names_are_valid(name: str) -> None:
    assert apps.is_valid(name)


@pytest.mark.parametrize(
    "name", ["", "A", "-x", "../x", ".", "..", "a/b", "a b", "a\nb", "a\n", "gr\u00fc", "_a", ".a"]
)
def test_others_are_not(name: str) -> None:
    assert not apps.is_valid(name)
    with pytest.raises(CacheError, match="App name must begin"):
        apps.verify(name, (name,))


def test_an_app_that_is_not_listed_does_not_exist() -> None:
    with pytest.raises(AppNotFound) as caught:
        apps.verify("shop", ("other",))
    assert str(caught.value) == "App shop does not exist"
    assert caught.value.exit_code == 20


def test_what_is_no_name_is_dropped_from_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dokku_cache.dokku.plugn.trigger", lambda *_, **__: "b\n\na\n../x\nlost+found\nb\n")
    assert apps.visible() == ("a", "b")
