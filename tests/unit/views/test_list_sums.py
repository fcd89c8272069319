"""What a list comes to, for programs."""

from dokku_cache.caches.inventory import Inventory
from dokku_cache.model.cache import Kind
from dokku_cache.views import list_values, prometheus


def test_what_was_not_asked_for_is_null_and_never_a_nought() -> None:
    values = list_values.values(Inventory(kinds=frozenset({Kind.HEROKUISH})))
    assert {key: value for key, value in values.items() if key.startswith("purgeable-")} == {
        "purgeable-bytes": None,
        "purgeable-caches": None,
        "purgeable-is-complete": None,
    }
    assert list_values.values(Inventory())["purgeable-bytes"] == 0
    assert "purgeable" not in prometheus.exposition(Inventory(kinds=frozenset({Kind.HEROKUISH})))
    assert "dokku_cache_purgeable_bytes 0" in prometheus.exposition(Inventory())
