"""``cache:list``: the table, its notes, and values for programs."""

import io
import json
from dataclasses import replace

import pytest
import yaml

from dokku_cache.dokku.host_settings import DailyPrune
from dokku_cache.engine.storage import BuildCache
from dokku_cache.model.cache import AppState, Cache, Kind
from dokku_cache.model.state import ReasonCode
from dokku_cache.output.console import Console
from dokku_cache.output.text import serialized
from dokku_cache.survey.disks import Disk
from dokku_cache.survey.inventory import Inventory, Order
from dokku_cache.tree.mounts import FileSystem
from dokku_cache.views import listing

from ..survey.test_inventory import sized

SHOP = Cache(
    Kind.LEGACY, "/home/dokku/shop/cache", "shop", AppState.GHOST, "directory", "orphaned", "why",
    "dokku cache:purge-legacy shop", 22 << 30, 20000, sized("", 1, 2021).last_modified, True,
)  # fmt: skip
PACK = "pack-cache-dokku_landing_latest-0c8e42d6fa17.build"
VOLUME = Cache(
    Kind.PACK,
    PACK,
    "landing",
    AppState.GONE,
    "name",
    "orphaned",
    "why",
    "dokku cache:purge-volumes --orphaned",
    5 << 20,
)
LIVE = replace(
    VOLUME, app="api", app_state=AppState.PRESENT, state="live", action="dokku cache:purge-volumes api", location="c"
)
HELD = Cache(
    Kind.LEGACY, "/home/dokku/a/cache", "a", AppState.PRESENT, "directory", "in-use", "container b mounts it"
)
PRUNE = DailyPrune(can_work=False, reason="it is not installed")
GIB = 1 << 30
HOME = Disk(("/home/dokku", "/var/lib/docker"), FileSystem("/home/dokku", 1, 40 * GIB, 38 * GIB, GIB, 1000000, 2500))


def shown(inventory: Inventory, order: Order = Order.SIZE, *, is_quiet: bool = False) -> list[str]:
    out = io.StringIO()
    listing.show(Console(is_quiet=is_quiet, out=out, err=out), inventory, order)
    return [line.strip() for line in out.getvalue().splitlines()]


def test_each_cache_has_one_row_and_what_is_kept_has_its_reason() -> None:
    disk = Disk(("/home/dokku",), FileSystem("/home/dokku", 1, 40 << 30, 10 << 30, 30 << 30))
    taken = Inventory((SHOP, VOLUME, LIVE, HELD), BuildCache(9 << 30, 1 << 30, 2), PRUNE, disks=(disk,))
    lines = shown(taken)
    rows = [line.split() for line in lines[1:7]]
    assert [row[:2] for row in rows[:3]] == [["SIZE", "APP"], ["22.0", "GiB"], ["9.0", "GiB"]]
    assert rows[1][2:] == ["shop", "(ghost)", "legacy", "orphaned", "20,000", "2021-01-01", "/home/dokku/shop/cache"]
    assert rows[4][2:] == ["landing", "(gone)", "pack", "orphaned", "-", "-", PACK]
    assert rows[5] == ["unknown", "a", "legacy", "in-use", "unknown", "unknown", "/home/dokku/a/cache"]
    assert [line for line in lines if line.startswith("Kept")] == ["Kept: a (legacy, in-use): container b mounts it"]
    assert [line for line in lines if line.startswith(("Total", "To free", "Free"))] == [
        "Total: at least 31.0 GiB in 5 caches",
        "To free 22.0 GiB: dokku cache:purge-legacy --all",
        "To free 5.0 MiB: dokku cache:purge-volumes --orphaned",
        "To free 5.0 MiB: dokku cache:purge-volumes <app> (the next build is slower)",
        "To free 1.0 GiB: docker builder prune",
        "Free space on /home/dokku: 30.0 GiB of 40.0 GiB",
    ]
    assert shown(taken, is_quiet=True) == lines[1:7]


def test_a_buildkit_that_does_not_run_has_to_be_started_first() -> None:
    stopped = Cache(
        Kind.BUILDKIT, "7" * 64, "", None, "", "live", "why", "docker exec b buildctl prune", 5,
        reason_code=ReasonCode.BUILDKIT_STOPPED,
    )  # fmt: skip
    command = "docker exec b buildctl prune (start its container first; the next build is slower)"
    assert shown(Inventory((stopped,)))[-1] == f"To free 5 B: {command}"


def test_caches_kept_for_the_same_reason_share_one_note() -> None:
    held = [replace(HELD, app=f"app{number}", size_bytes=1) for number in range(500)]
    notes = [line for line in shown(Inventory(tuple(held))) if line.startswith("Kept")]
    assert len(notes) == 1
    assert "app9 and 490 more (legacy, in-use): container b mounts it" in notes[0]


def test_the_list_of_one_app_names_the_commands_for_that_app() -> None:
    lines = shown(Inventory((replace(SHOP, app="api"), LIVE), app="api"))
    assert [line.partition(": ")[2] for line in lines if line.startswith("To free")] == [
        "dokku cache:purge-legacy shop",
        "dokku cache:purge-volumes api (the next build is slower)",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 200])
def test_rows_fit_the_terminal_and_no_size_or_state_is_cut(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(listing.Console, "columns", width)
    app = "a" * 40
    long = replace(SHOP, app=app, location=f"/home/dokku/{app}/cache", size_bytes=1023 << 30)
    lines = shown(Inventory((long, VOLUME)))[1:4]
    assert max(map(len, lines)) <= width
    assert "1023.0 GiB" in lines[1]
    assert "orphaned" in lines[1]
    assert (long.location in lines[1]) is (width == 200)


def test_control_characters_and_invalid_unicode_are_escaped() -> None:
    hostile = replace(VOLUME, location="pack-cache-\x1b[2J\n\udcff", app="", action="")
    text = "\n".join(shown(Inventory((hostile,))))
    assert "pack-cache-\\x1b[2J\\n\\udcff" in text
    assert "\x1b" not in text


def test_an_empty_list_has_no_table() -> None:
    assert shown(Inventory()) == ["=====> Build caches (largest first)", "Total: 0 B in 0 caches"]


def test_dockers_build_cache_is_last_where_it_cannot_be_sorted() -> None:
    taken = Inventory((SHOP, VOLUME), BuildCache(9 << 30, 0, 1), DailyPrune(can_work=True, reason="cron runs it"))
    lines = shown(taken, Order.APP)
    assert lines[4].split()[:5] == ["9.0", "GiB", "-", "engine", "in-use"]
    assert "Docker's build cache: 0 B reclaimable. Dokku prunes it daily: cron runs it" in lines
    lines = shown(Inventory((), None, PRUNE, unknown=("Docker did not respond",)))
    assert lines[2].split()[:4] == ["unknown", "-", "engine", "unknown"]
    assert lines[-1] == "Total: at least 0 B in 0 caches"


def test_scarce_inodes_have_a_line_of_their_own() -> None:
    assert list(listing.disk_lines([HOME])) == [
        "Free space on /home/dokku and /var/lib/docker: 1.0 GiB of 40.0 GiB",
        "Free inodes on /home/dokku and /var/lib/docker: 2,500 of 1,000,000",
    ]


@pytest.mark.parametrize(("total", "free"), [(None, None), (1000000, 400000), (0, 0)])
def test_inodes_that_are_unknown_or_plentiful_are_not_shown(total: int | None, free: int | None) -> None:
    state = replace(HOME.state, total_inodes=total, free_inodes=free)
    assert list(listing.disk_lines([Disk(("/x",), state)])) == ["Free space on /x: 1.0 GiB of 40.0 GiB"]


def test_sums_that_were_not_requested_are_null() -> None:
    assert listing.values(Inventory(kinds=frozenset({Kind.HEROKUISH})))["purgeable-bytes"] is None
    assert listing.values(Inventory())["purgeable-bytes"] == 0


def test_json_and_yaml_say_the_same() -> None:
    values = listing.values(Inventory((SHOP, HELD, VOLUME), disks=(HOME,)))
    written = serialized(values, "json")
    assert written.isascii()
    assert json.loads(written) == values == yaml.safe_load(serialized(values, "yaml"))


@pytest.mark.parametrize(
    "name", ["\udcff", "a\nb", "grün", "yes", "1e3", "2021-01-01", "!!python/object:x", "\x1b", "\x85"]
)
def test_hostile_names_come_back_from_both(name: str) -> None:
    values = {"location": name}
    assert json.loads(serialized(values, "json")) == values
    assert yaml.safe_load(serialized(values, "yaml")) == values
