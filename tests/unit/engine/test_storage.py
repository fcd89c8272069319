"""Disk usage as the engine reports it, and pruning its build cache."""

import pytest

from dokku_cache.engine import storage
from dokku_cache.engine.storage import BuildCache


def test_volumes_without_a_known_size_are_left_out() -> None:
    answer = {
        "Volumes": [
            {"Name": "cache-shop", "UsageData": {"Size": 4096, "RefCount": 0}},
            {"Name": "empty", "UsageData": {"Size": 0, "RefCount": 0}},
            {"Name": "elsewhere", "UsageData": {"Size": -1, "RefCount": -1}},
            {"Name": "strange"},
        ]
    }
    assert storage.parse_disk_usage(answer).volume_bytes == {"cache-shop": 4096, "empty": 0}


def test_records_in_use_or_shared_are_not_reclaimable() -> None:
    records = [
        {"Size": 1, "InUse": False, "Shared": False},
        {"Size": 10, "InUse": True, "Shared": False},
        {"Size": 100, "InUse": False, "Shared": True},
    ]
    assert storage.parse_disk_usage({"BuildCache": records}).build_cache == BuildCache(111, 1, 3)
    assert storage.parse_disk_usage({"Volumes": None, "BuildCache": None}).build_cache == BuildCache(0, 0, 0)


@pytest.mark.parametrize(("version", "name"), [("1.47", "keep-storage"), ("1.48", "max-used-space")])
def test_the_parameter_of_a_prune_depends_on_the_version(version: str, name: str) -> None:
    assert storage.prune_parameters(version, 5) == {name: "5"}
