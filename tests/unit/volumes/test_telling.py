"""What is said of volumes that would go, and of those that are gone."""

import io

import pytest

from dokku_cache.dokku.apps import AppState
from dokku_cache.output.console import Console
from dokku_cache.volumes import telling
from dokku_cache.volumes.ownership import Builder, CacheVolume
from dokku_cache.volumes.plan import VolumeDecision, VolumeFinding
from dokku_cache.volumes.state import VolumeState, VolumeVerdict


def volume(app: str, name: str, size_bytes: int | None, state: VolumeState = VolumeState.ORPHANED) -> VolumeFinding:
    verdict = VolumeVerdict(state, f"{app or 'nobody'} is gone")
    return VolumeFinding(CacheVolume(name, Builder.HEROKUISH, app), AppState.GONE, verdict, size_bytes)


def shown(*decisions: VolumeDecision) -> list[str]:
    out = io.StringIO()
    telling.show_plan(Console(out=out, err=out), decisions)
    return out.getvalue().splitlines()


def test_a_plan_has_a_line_for_each_volume_and_the_sum_of_what_goes() -> None:
    kept = VolumeDecision(volume("blog", "cache-blog", 7 << 20), "in-use: container job mounts it")
    assert shown(
        VolumeDecision(volume("oldshop", "cache-oldshop", 5 << 20)),
        VolumeDecision(volume("wiki", "cache-wiki", 3 << 20)),
        kept,
        VolumeDecision(volume("", "pack-cache-x", 9 << 20), "unknown: whose\nis it"),
    ) == [
        "=====> Cache volumes",
        "       oldshop  remove  5.0 MiB, volume cache-oldshop, orphaned: oldshop is gone",
        "       wiki     remove  3.0 MiB, volume cache-wiki, orphaned: wiki is gone",
        "       blog     keep    volume cache-blog, in-use: container job mounts it",
        "       ?        keep    volume pack-cache-x, unknown: whose\\nis it",
        "       2 cache volumes would be removed, freeing 8.0 MiB",
    ]
    assert shown(kept)[-1] == "       Nothing to remove"
    assert shown() == ["=====> Cache volumes", "       Nothing to remove"]


@pytest.mark.parametrize(
    ("sizes", "amount"),
    [
        ((5 << 20, None), "at least 5.0 MiB"),
        ((5 << 20, 1 << 20), "6.0 MiB"),
        ((None, None), "an unknown size"),
        ((0, None), "at least 0 B"),
        ((), "0 B"),
    ],
)
def test_of_sizes_that_are_not_known_no_more_is_claimed(sizes: tuple[int | None, ...], amount: str) -> None:
    out = io.StringIO()
    telling.tell_total(Console(out=out, err=out), [volume("shop", "cache-shop", known) for known in sizes])
    assert out.getvalue() == f"=====> {len(sizes)} cache volumes removed, {amount} in total\n"


def test_a_volume_of_unknown_size_is_planned_and_gone_all_the_same() -> None:
    unknown = volume("shop", "cache-shop", None)
    assert "remove  unknown size, volume cache-shop" in shown(VolumeDecision(unknown))[1]
    out = io.StringIO()
    telling.tell_was_gone(Console(out=out, err=out), unknown)
    assert out.getvalue() == "       Volume cache-shop was already removed\n"


@pytest.mark.parametrize(
    ("is_log", "lines"),
    [
        (
            False,
            [
                "-----> Purging cache volume cache-shop of shop (unknown size)",
                "       Removed in 2.0 s",
                "-----> Purging cache volume pack-cache-x (5.0 MiB)",
                "       Removed in 1 min 11 s",
            ],
        ),
        (
            True,
            [
                "-----> shop: removed volume cache-shop, unknown size (2.0 s)",
                "-----> ?: removed volume pack-cache-x, 5.0 MiB (1 min 11 s)",
            ],
        ),
    ],
)
def test_a_removal_has_a_step_and_a_detail_and_one_line_in_a_log(is_log: bool, lines: list[str]) -> None:
    out = io.StringIO()
    console = Console(out=out, err=out, is_log=is_log)
    for finding, seconds in ((volume("shop", "cache-shop", None), 2), (volume("", "pack-cache-x", 5 << 20), 71)):
        telling.tell_begin(console, finding)
        telling.tell_gone(console, finding, seconds)
    assert out.getvalue().splitlines() == lines


def test_that_the_next_build_is_slow_is_said_unless_told_that_the_app_ends() -> None:
    out = io.StringIO()
    telling.tell_gone(Console(out=out, err=out), volume("shop", "cache-shop", 5, VolumeState.LIVE), 0.1)
    assert "The next build of shop is slower" in out.getvalue()
