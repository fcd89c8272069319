"""Which volumes are build caches, and of which app: by Dokku's labels, or by what a builder calls them."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from dokku_cache.dokku.apps import is_valid
from dokku_cache.engine import labels


class Builder(Enum):
    """Whose cache it is."""

    HEROKUISH = "herokuish"
    PACK = "pack"


class Match(Enum):
    """What tells the app: Dokku's label, the volume's name, or a hash in it that was made from the app's image."""

    LABEL = "label"
    NAME = "name"
    HASH = "hash"
    NONE = ""


@dataclass(frozen=True)
class CacheVolume:
    """A volume that a builder keeps its cache in. ``app`` is empty where nothing tells whose it is."""

    name: str
    builder: Builder
    app: str = ""
    match: Match = Match.NONE


#: Dokku's since 0.31.0 (plugins/builder-herokuish/builder-build).
_HEROKUISH_PREFIX = "cache-"
#: pack's (pkg/cache/volume_cache.go). Dokku builds the image dokku/<app>:latest (plugins/builder-pack/builder-build).
#: Newer versions salt the hash at the end, so that only the words before it tell the image.
_PACK_PREFIX = "pack-cache-"
_PACK_OF_DOKKU = re.compile(r"pack-cache-dokku_(?P<app>.+)_latest-[0-9a-f]{12}\.[a-z]+")
#: Before buildpacks/pack#1039 there was nothing but an unsalted hash of the image's full name.
_PACK_HASHED = re.compile(r"pack-cache-(?P<hash>[0-9a-f]{12})\.[a-z]+")
#: Names that Windows reserves, which pack takes apart wherever they stand (internal/paths/paths.go).
_RESERVED = ("aux", "com", "con", "lpt", "nul", "prn")


def find(volumes: Iterable[Mapping[str, Any]], apps: Collection[str]) -> tuple[CacheVolume, ...]:
    """Find the cache volumes among all of an engine's (as ``GET /volumes`` lists them), in their order.

    ``apps`` are all of the server, visible or not. A label or name that is no valid name of an app tells nothing.
    """
    by_hash = {_hash_of(app): app for app in apps}
    found = (_examine(str(volume.get("Name")), volume.get("Labels") or {}, by_hash) for volume in volumes)
    return tuple(volume for volume in found if volume is not None)


def _examine(name: str, volume_labels: Mapping[str, str], apps_by_hash: Mapping[str, str]) -> CacheVolume | None:
    if volume_labels.get(labels.BUILDER_TYPE) == Builder.HEROKUISH.value:
        app = str(volume_labels.get(labels.APP_NAME, ""))
        if is_valid(app):
            return CacheVolume(name, Builder.HEROKUISH, app, Match.LABEL)
    if name.startswith(_PACK_PREFIX):
        return _examine_pack(name, apps_by_hash)
    app = name.removeprefix(_HEROKUISH_PREFIX)
    if app != name and is_valid(app):
        return CacheVolume(name, Builder.HEROKUISH, app, Match.NAME)
    return None


def _examine_pack(name: str, apps_by_hash: Mapping[str, str]) -> CacheVolume:
    named = _PACK_OF_DOKKU.fullmatch(name)
    if named:
        app = _put_together(named["app"])
        if is_valid(app):
            return CacheVolume(name, Builder.PACK, app, Match.NAME)
    hashed = _PACK_HASHED.fullmatch(name)
    if hashed and hashed["hash"] in apps_by_hash:
        return CacheVolume(name, Builder.PACK, apps_by_hash[hashed["hash"]], Match.HASH)
    return CacheVolume(name, Builder.PACK)


def _put_together(name: str) -> str:
    for word in _RESERVED:
        name = name.replace("_".join(word), word)
    return name


def _hash_of(app: str) -> str:
    image = f"index.docker.io/dokku/{app}:latest"
    return hashlib.sha256(image.encode()).hexdigest()[:12]
