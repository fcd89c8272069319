"""What the engine's answers mean."""

from dokku_cache.engine.labels import for_helper
from dokku_cache.engine.usage import by_containers, by_volumes, containers_by_volume
from dokku_cache.legacy.cache_path import CachePath
from dokku_cache.legacy.sighting import Sighting

CACHE = CachePath(Sighting("shop", "/r/shop/cache"), "/r", "/r")


def container(source: str, **more: object) -> dict[str, object]:
    return {"Id": "0" * 64, "Names": ["/shop.web.1"], "Mounts": [{"Source": source, "Destination": "/cache"}], **more}


def test_a_mount_of_it_is_told_with_name_and_place() -> None:
    assert by_containers([container("/r/shop/cache")], CACHE).uses == ("container shop.web.1 mounts it at /cache",)


def test_the_plugins_own_helper_is_no_user() -> None:
    assert by_containers([container("/r/shop/cache", Labels=for_helper("shop"))], CACHE).uses == ()


def test_answers_with_holes_are_understood() -> None:
    strange = [
        {"Id": "1" * 64, "Names": None, "Mounts": [{"Source": "/r/shop/cache"}]},
        {"Id": "2" * 64, "Mounts": None, "Labels": None},
        {"Id": "3" * 64, "Mounts": [{"Type": "tmpfs", "Destination": "/x"}]},
    ]
    assert by_containers(strange, CACHE).uses == ("container 111111111111 mounts it at ?",)


def test_a_volume_that_is_another_name_of_it_uses_it() -> None:
    volumes = [
        {"Name": "bound", "Options": {"type": "none", "o": "bind", "device": "/r/shop/cache/x"}},
        {"Name": "plain", "Options": None},
        {"Name": "disk", "Options": {"type": "ext4", "device": "/dev/sda1"}},
    ]
    assert by_volumes(volumes, CACHE).uses == ("volume bound is bound to it",)


def test_containers_are_found_by_the_volumes_that_they_mount() -> None:
    containers = [
        {"Names": ["/a"], "Mounts": [{"Type": "volume", "Name": "v"}, {"Type": "bind", "Source": "/x"}]},
        {"Names": ["/b"], "Mounts": [{"Type": "volume", "Name": "v"}, {"Type": "volume", "Name": "w"}]},
        {"Names": ["/c"], "Mounts": None},
    ]
    assert containers_by_volume(containers) == {"v": ("a", "b"), "w": ("b",)}
