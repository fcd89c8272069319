"""The text for Prometheus, read by Prometheus's own parser."""

from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dokku_cache.dokku.daily_run import Run
from dokku_cache.dokku.host_settings import DailyPrune
from dokku_cache.engine.storage import BuildCache
from dokku_cache.survey.disks import Disk
from dokku_cache.survey.inventory import Inventory
from dokku_cache.tree.mounts import FileSystem
from dokku_cache.views import prometheus

from .test_listing import HELD, SHOP, VOLUME

Sample = tuple[frozenset[tuple[str, str]], float]
DISK = Disk(("/home/dokku", "/var/lib/docker"), FileSystem("/home/dokku", 1, 1000, 600, 300, 50, 20))
PRUNE = DailyPrune(can_work=False, reason="why")
FULL = Inventory((SHOP, VOLUME, HELD), BuildCache(900, 100, 2), PRUNE, disks=(DISK,))

RUN = Run("2026-11-25T03:30:00+00:00", "shop: it is immutable")


def parsed(inventory: Inventory, run: Run | None = None) -> dict[str, list[Sample]]:
    families = list(text_string_to_metric_families(prometheus.exposition(inventory, run) + "\n"))
    assert all(family.type == "gauge" and family.documentation for family in families)
    return {
        family.name: [(frozenset(sample.labels.items()), sample.value) for sample in family.samples]
        for family in families
    }


def labels(**pairs: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairs.items())


def test_every_known_figure_is_a_sample_in_base_units() -> None:
    metrics = parsed(FULL)
    shop = labels(app="shop", kind="legacy", location="/home/dokku/shop/cache")
    landing = labels(app="landing", kind="pack", location=VOLUME.location)
    assert metrics["dokku_cache_size_bytes"] == [(shop, 22 << 30), (landing, 5 << 20)]
    assert metrics["dokku_cache_files"] == [(shop, 20000)]
    assert metrics["dokku_cache_last_modified_timestamp_seconds"] == [(shop, 1609459200)]
    assert (shop | labels(state="orphaned", app_state="ghost"), 1) in metrics["dokku_cache_info"]
    assert len(metrics["dokku_cache_info"]) == 3
    single = {name: samples[0][1] for name, samples in metrics.items() if samples[0][0] == frozenset()}
    assert single == {
        "dokku_cache_engine_build_cache_size_bytes": 900,
        "dokku_cache_engine_build_cache_reclaimable_bytes": 100,
        "dokku_cache_daily_prune_can_work": 0,
        "dokku_cache_total_bytes": (22 << 30) + (5 << 20) + 900,
        "dokku_cache_total_complete": 0,
        "dokku_cache_purgeable_bytes": 22 << 30,
        "dokku_cache_purgeable_caches": 1,
    }


def test_what_is_not_known_has_no_sample() -> None:
    metrics = parsed(Inventory((HELD,), None, None, unknown=("Docker did not respond",)))
    assert set(metrics) == {
        "dokku_cache_info",
        "dokku_cache_total_bytes",
        "dokku_cache_total_complete",
        "dokku_cache_purgeable_bytes",
        "dokku_cache_purgeable_caches",
    }


@pytest.mark.parametrize("name", ['a"b', "a\\b", "a\\", "a\nb", 'x"} 1\nfake 2', "grün", "\x1b[31m", "{},=", ""])
def test_hostile_names_are_escaped_and_come_back(name: str) -> None:
    metrics = parsed(Inventory((replace(VOLUME, location=name),)))
    expected = name.replace("\n", "\\n").replace("\x1b", "\\x1b")
    assert metrics["dokku_cache_size_bytes"] == [(labels(app="landing", kind="pack", location=expected), 5 << 20)]
    assert "fake" not in metrics


def test_a_name_that_is_no_unicode_is_still_written_as_utf_8() -> None:
    text = prometheus.exposition(Inventory((replace(VOLUME, location="a\udcffb"),)))
    assert text.encode("utf-8").count(b"\\\\udcff") == 2


def test_a_file_system_has_samples_for_each_directory_on_it_and_none_of_what_it_does_not_count() -> None:
    home, engine = labels(path="/home/dokku"), labels(path="/var/lib/docker")
    metrics = parsed(FULL)
    assert metrics["dokku_cache_disk_size_bytes"] == [(home, 1000), (engine, 1000)]
    assert metrics["dokku_cache_disk_used_bytes"] == [(home, 600), (engine, 600)]
    assert metrics["dokku_cache_disk_free_bytes"] == [(home, 300), (engine, 300)]
    assert metrics["dokku_cache_disk_inodes"] == [(home, 50), (engine, 50)]
    assert metrics["dokku_cache_disk_free_inodes"] == [(home, 20), (engine, 20)]
    uncounted = replace(DISK, state=replace(DISK.state, total_inodes=None, free_inodes=None))
    assert not [name for name in parsed(Inventory(disks=(uncounted,))) if "inodes" in name]


def test_the_last_daily_run_has_its_time_and_how_it_ended() -> None:
    metrics = parsed(FULL, RUN)
    assert metrics["dokku_cache_daily_run_succeeded"] == [(frozenset(), 0.0)]
    assert metrics["dokku_cache_daily_run_timestamp_seconds"] == [(frozenset(), 1795577400.0)]
    assert parsed(FULL, replace(RUN, result="ok"))["dokku_cache_daily_run_succeeded"] == [(frozenset(), 1.0)]
    assert "daily_run" not in prometheus.exposition(FULL)
