"""The table of cache:list."""

import io
import sys
from dataclasses import replace

import pytest

from dokku_cache.caches.inventory import Inventory, Order
from dokku_cache.dokku.host_settings import DailyPrune
from dokku_cache.engine.storage import BuildCache
from dokku_cache.model.cache import AppState, Cache, Kind
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.output.console import Console
from dokku_cache.survey.disks import Disk
from dokku_cache.tree.mounts import FileSystem
from dokku_cache.views import list_table

from ..caches.test_inventory import sized

SHOP = Cache(
    Kind.LEGACY, "/home/dokku/shop/cache", "shop", AppState.GHOST, "directory", "orphaned", "why",
    "dokku cache:purge-legacy shop", 22 << 30, 20000, sized("", 1, 2021).last_modified, True,
)  # fmt: skip
PACK = "pack-cache-dokku_landing_latest-0c8e42d6fa17.build"
VOLUME = Cache(
    Kind.PACK, PACK, "landing", AppState.GONE, "name", "orphaned", "why", f"docker volume rm {PACK}", 5 << 20
)
HELD = Cache(
    Kind.LEGACY, "/home/dokku/a/cache", "a", AppState.PRESENT, "directory", "in-use", "container b mounts it"
)
PRUNE = DailyPrune(can_work=False, reason="it is not installed")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(
    inventory: Inventory, order: Order = Order.SIZE, *, is_quiet: bool = False, out: io.StringIO | None = None
) -> str:
    out = out or io.StringIO()
    list_table.show(Console(is_quiet=is_quiet, out=out, err=out), inventory, order)
    return out.getvalue()


def test_without_a_terminal_it_has_two_or_three_lines_a_cache_and_no_colours() -> None:
    taken = Inventory((SHOP, VOLUME, HELD), BuildCache(9 << 30, 1 << 30, 2), PRUNE)
    assert shown(taken).splitlines() == [
        "=====> Build caches (largest first)",
        "           SIZE  APP             KIND      FILES  MODIFIED    STATE",
        "       22.0 GiB  shop (ghost)    legacy   20,000  2021-01-01  orphaned",
        "                  /home/dokku/shop/cache: dokku cache:purge-legacy shop",
        "        9.0 GiB  -               engine        -  -           reclaimable",
        "                  Docker's build cache, 1.0 GiB reclaimable",
        "                  docker builder prune (no daily prune: it is not installed)",
        "        5.0 MiB  landing (gone)  pack          -  -           orphaned",
        f"                  volume {PACK}",
        f"                  docker volume rm {PACK}",
        "        unknown  a               legacy  unknown  unknown     in-use",
        "                  /home/dokku/a/cache: kept: container b mounts it",
        "       Total: at least 31.0 GiB in 4 caches",
        "       To free 22.0 GiB: dokku cache:purge-legacy --all",
    ]


def test_a_buildkit_that_does_not_run_is_to_be_started_first() -> None:
    stopped = Cache(
        Kind.BUILDKIT, "7" * 64, "", None, "", "live", "why", "docker exec b buildctl prune", 5,
        reason_code=ReasonCode.BUILDKIT_STOPPED,
    )  # fmt: skip
    lines = [line.strip() for line in shown(Inventory((stopped,))).splitlines()]
    assert lines[2].split() == ["5", "B", "-", "buildkit", "-", "-", "live"]
    assert lines[3:5] == [
        f"volume {'7' * 64}",
        "docker exec b buildctl prune (start its container first; the next build is slower)",
    ]


@pytest.mark.parametrize("state", ["recent", "recreated", "interrupted", "unverified", "stale"])
def test_what_is_more_than_orphaned_is_shown_with_its_reason(state: str) -> None:
    held = replace(SHOP, state=state, reason="so it is", action="" if state == "unverified" else SHOP.action)
    expected = "kept: so it is" if state == "unverified" else "dokku cache:purge-legacy shop (so it is)"
    assert expected in shown(Inventory((held,)))


def test_each_file_system_that_holds_caches_has_its_line_below() -> None:
    disk = Disk(("/home/dokku",), FileSystem("/home/dokku", 1, 40 << 30, 10 << 30, 30 << 30))
    taken = Inventory((SHOP,), disks=(disk,))
    assert shown(taken).splitlines()[-1] == "       Free space on /home/dokku: 30.0 GiB of 40.0 GiB"
    assert "Free space" not in shown(taken, is_quiet=True)


def test_what_the_volumes_of_apps_that_are_gone_would_free_is_said_too() -> None:
    gone = replace(VOLUME, action="dokku cache:purge-volumes --orphaned")
    assert shown(Inventory((SHOP, gone))).splitlines()[-3:] == [
        "       Total: 22.0 GiB in 2 caches",
        "       To free 22.0 GiB: dokku cache:purge-legacy --all",
        "       To free 5.0 MiB: dokku cache:purge-volumes --orphaned",
    ]


def test_where_legacy_caches_were_not_asked_for_nothing_is_said_of_purging_them() -> None:
    lines = shown(Inventory((VOLUME,), kinds=frozenset({Kind.PACK}))).splitlines()
    assert lines[-1] == "       Total: 5.0 MiB in 1 cache"


def test_of_one_app_it_is_said_what_a_purge_of_that_app_would_free() -> None:
    lines = shown(Inventory((SHOP,), app="shop")).splitlines()
    assert lines[-1] == "       To free 22.0 GiB: dokku cache:purge-legacy shop"


@pytest.mark.parametrize("has_rich", [True, False])
@pytest.mark.parametrize(
    ("columns", "titles"),
    [
        (80, ["SIZE", "APP", "KIND", "FILES", "MODIFIED", "STATE"]),
        (60, ["SIZE", "APP", "KIND", "FILES", "STATE"]),
        (50, ["SIZE", "APP", "KIND", "STATE"]),
        (40, ["SIZE", "APP", "STATE"]),
    ],
)
def test_in_little_room_columns_go_before_a_figure_is_cut(
    monkeypatch: pytest.MonkeyPatch, columns: int, titles: list[str], *, has_rich: bool
) -> None:
    monkeypatch.setattr(list_table.Console, "columns", columns)
    if not has_rich:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    held = replace(
        SHOP, app="a" * 12, app_state=AppState.PRESENT, files=1234567, size_bytes=1023 << 30, state="unknown"
    )
    lines = shown(Inventory((held,))).splitlines()
    assert lines[1].split() == titles
    figures = {
        "SIZE": "1023.0 GiB",
        "FILES": "1,234,567",
        "MODIFIED": "2021-01-01",
        "STATE": "unknown",
        "KIND": "legacy",
    }
    for title, figure in figures.items():
        assert (figure in lines[2]) is (title in titles)
    assert max(len(line) for line in lines[1:3]) <= columns


def test_a_wide_terminal_has_one_line_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(list_table.Console, "columns", 200)
    lines = shown(Inventory((SHOP, VOLUME))).splitlines()
    assert len(lines) == 6
    assert lines[1].split()[-3:] == ["STATE", "LOCATION", "ACTION"]
    assert lines[2].split("  ")[-1].strip() == "dokku cache:purge-legacy shop"
    assert "  /home/dokku/shop/cache  " in lines[2]
    assert lines[3].endswith(f"docker volume rm {PACK}")


def test_rows_fit_into_the_width_and_what_is_cut_there_stands_whole_below() -> None:
    app = "a" * 200
    long = replace(SHOP, app=app, location=f"/home/dokku/{app}/cache", action=f"dokku cache:purge-legacy {app}")
    lines = shown(Inventory((long, VOLUME))).splitlines()
    assert max(map(len, (lines[1], lines[2], lines[5]))) <= 80
    assert "aaa\u2026 (ghost)  legacy  20,000" in lines[2]
    assert lines[3].strip() == long.location
    assert lines[4].strip() == long.action


def test_colours_are_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[1;33morphaned" in shown(Inventory((SHOP,)), out=Screen())
    assert "\x1b" not in shown(Inventory((SHOP,)))


def test_names_from_outside_move_no_cursor() -> None:
    hostile = replace(VOLUME, location="pack-cache-\x1b[2J\n\udcff", app="", action="")
    text = shown(Inventory((hostile,)))
    assert "volume pack-cache-\\x1b[2J\\n\\udcff: kept: why" in text
    assert "\x1b" not in text


def test_markup_in_a_name_is_not_obeyed() -> None:
    assert "volume [bold]x[/bold]" in shown(Inventory((replace(VOLUME, location="[bold]x[/bold]"),)))


def test_quiet_leaves_the_table_alone() -> None:
    lines = shown(Inventory((SHOP,)), is_quiet=True).splitlines()
    assert [line.split()[0] for line in lines] == ["SIZE", "22.0", "/home/dokku/shop/cache:"]


def test_nothing_is_one_line() -> None:
    assert shown(Inventory()).splitlines() == [
        "=====> Build caches (largest first)",
        "       Total: 0 B in 0 caches",
    ]


def test_the_engine_is_last_where_it_has_nothing_to_be_sorted_by() -> None:
    taken = Inventory((SHOP, VOLUME), BuildCache(9 << 30, 0, 1), DailyPrune(can_work=True, reason="cron runs it"))
    lines = [line.strip() for line in shown(taken, Order.APP).splitlines()]
    assert lines[0] == "=====> Build caches (by app)"
    assert lines[-5].split() == ["9.0", "GiB", "-", "engine", "-", "-", "in-use"]
    assert lines[-4:-2] == [
        "Docker's build cache, 0 B reclaimable",
        "daily prune: cron runs it",
    ]


def test_an_engine_that_does_not_answer_has_an_unknown_size() -> None:
    lines = shown(Inventory((), None, PRUNE, unknown=("Docker did not respond",))).splitlines()
    assert lines[2].split() == ["unknown", "-", "engine", "-", "-", "unknown"]
    assert lines[-1].strip().startswith("Total: at least 0 B in 0 caches")


def test_without_rich_it_says_the_same_in_plain_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = Inventory(caches=(SHOP, VOLUME, HELD))
    with_rich = shown(taken)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert shown(taken) == with_rich
