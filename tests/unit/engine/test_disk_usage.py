"""The engine's disk usage, as it is answered."""

from dokku_cache.engine import disk_usage
from dokku_cache.engine.disk_usage import BuildCache


def test_sizes_come_by_the_names_of_volumes_and_unknown_ones_are_left_out() -> None:
    answer = {
        "Volumes": [
            {"Name": "cache-shop", "UsageData": {"Size": 4096, "RefCount": 0}},
            {"Name": "empty", "UsageData": {"Size": 0, "RefCount": 0}},
            {"Name": "elsewhere", "UsageData": {"Size": -1, "RefCount": -1}},
            {"Name": "strange"},
        ]
    }
    assert disk_usage.read(answer).volume_bytes == {"cache-shop": 4096, "empty": 0}


def test_what_a_build_uses_or_an_image_shares_cannot_be_reclaimed() -> None:
    records = [
        {"Size": 1, "InUse": False, "Shared": False},
        {"Size": 10, "InUse": True, "Shared": False},
        {"Size": 100, "InUse": False, "Shared": True},
    ]
    assert disk_usage.read({"BuildCache": records}).build_cache == BuildCache(111, 1, 3)


def test_an_engine_without_any_gives_null() -> None:
    usage = disk_usage.read({"Volumes": None, "BuildCache": None})
    assert usage.volume_bytes == {}
    assert usage.build_cache == BuildCache(0, 0, 0)
