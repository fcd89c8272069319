"""The daily run's messages."""

from dokku_cache.actions.auto_purge import _by_reason


def test_a_reason_is_printed_once_with_the_apps_it_concerns() -> None:
    warned = [
        "shop: files are immutable",
        "Docker's build cache: it is busy",
        "wiki: files are immutable",
        "shop: files are immutable",
        "Use 'chattr -R -i'",
        "Use 'chattr -R -i'",
    ]
    assert list(_by_reason(warned)) == [
        "shop, wiki: files are immutable",
        "Docker's build cache: it is busy",
        "Use 'chattr -R -i'",
    ]
