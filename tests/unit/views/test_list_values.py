"""The values of cache:list for programs, held against the page that describes them."""

import json

import pytest
import yaml
from schemas import check_document

from dokku_cache.output import text
from dokku_cache.survey.inventory import Inventory, Kind
from dokku_cache.views import listing

from .test_list_table import HELD, VOLUME
from .test_prometheus import FULL, RUN

ALL = [FULL, Inventory(), Inventory((HELD, VOLUME), unknown=("Docker did not respond",), hides_others=True)]


@pytest.mark.parametrize("inventory", ALL)
def test_the_page_describes_every_key_and_its_type(inventory: Inventory) -> None:
    check_document("list", listing.values(inventory))


def test_what_is_not_known_is_null_and_never_0() -> None:
    cache = listing.values(Inventory((HELD,)))["caches"][0]
    assert (cache["size-bytes"], cache["files"], cache["last-modified"], cache["action"]) == (None, None, None, None)


def test_sums_that_were_not_requested_are_null() -> None:
    assert listing.values(Inventory(kinds=frozenset({Kind.HEROKUISH})))["purgeable-bytes"] is None
    assert listing.values(Inventory())["purgeable-bytes"] == 0


def test_times_are_rfc_3339_and_sizes_integers() -> None:
    cache = listing.values(FULL)["caches"][0]
    assert cache["last-modified"] == "2021-01-01T00:00:00+00:00"
    assert cache["size-bytes"] == 22 << 30


@pytest.mark.parametrize("inventory", ALL)
def test_the_last_daily_run_is_there_or_null(inventory: Inventory) -> None:
    values = listing.values(inventory, RUN)
    check_document("list", values)
    assert (values["daily-run-at"], values["daily-run-result"]) == (RUN.at, "shop: it is immutable")
    assert listing.values(inventory)["daily-run-at"] is None


@pytest.mark.parametrize("inventory", ALL)
def test_json_and_yaml_say_the_same(inventory: Inventory) -> None:
    values = listing.values(inventory)
    written = text.serialized(values, "json")
    assert written.isascii()
    assert json.loads(written) == values == yaml.safe_load(text.serialized(values, "yaml"))


@pytest.mark.parametrize(
    "name", ["\udcff", "a\nb", "grün", "yes", "1e3", "2021-01-01", "!!python/object:x", "\x1b", "\x85"]
)
def test_hostile_names_come_back_from_both(name: str) -> None:
    values = {"location": name}
    assert json.loads(text.serialized(values, "json")) == values
    assert yaml.safe_load(text.serialized(values, "yaml")) == values
