"""Identify cache volumes and their apps, by Dokku's labels or by the names that builders choose."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dokku_cache.dokku.apps import is_valid
from dokku_cache.dokku.host_settings import PackKeys
from dokku_cache.engine import client
from dokku_cache.model.cache import CacheVolume, Generation, Kind, Match

#: Dokku's since 0.31.0 (plugins/builder-herokuish/builder-build).
_HEROKUISH_PREFIX = "cache-"
#: pack's (pkg/cache/volume_cache.go). Dokku builds the image dokku/<app>:latest (plugins/builder-pack/builder-build).
#: The hash at the end is of the image's full name, with a key behind it in newer versions.
_PACK_PREFIX = "pack-cache-"
_PACK_OF_DOKKU = re.compile(r"pack-cache-dokku_(?P<app>.+)_latest-(?P<hash>[0-9a-f]{12})\.[a-z]+")
#: Before buildpacks/pack#1039 there was nothing but an unsalted hash of the image's full name.
_PACK_HASHED = re.compile(r"pack-cache-(?P<hash>[0-9a-f]{12})\.[a-z]+")
#: Names that Windows reserves, which pack takes apart wherever they stand (internal/paths/paths.go).
_RESERVED = ("aux", "com", "con", "lpt", "nul", "prn")
LOCAL_DRIVER = "local"


@dataclass(frozen=True)
class _Listed:
    """The apps of the server by the volume names of older packs, and of newer ones."""

    by_hash: Mapping[str, str]
    by_pack_name: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, apps: Collection[str]) -> "_Listed":
        by_pack_name: dict[str, tuple[str, ...]] = {}
        for app in sorted(apps):
            name = _split(app)
            by_pack_name[name] = (*by_pack_name.get(name, ()), app)
        return cls({_hash(image_of(app)): app for app in apps}, by_pack_name)


def find(
    volumes: Iterable[Mapping[str, Any]], apps: Collection[str], keys: PackKeys | None = None
) -> tuple[CacheVolume, ...]:
    """Find the cache volumes among all of an engine's (as ``GET /volumes`` lists them), in their order.

    ``apps`` are all of the server, visible or not. A label or name that is not a valid app name is ignored.
    """
    listed = _Listed.of(apps)
    found = (_examine(volume, listed, keys or PackKeys()) for volume in volumes)
    return tuple(volume for volume in found if volume is not None)


def is_same(volume: CacheVolume, found: Mapping[str, Any]) -> bool:
    """Tell whether a volume as ``GET /volumes/{name}`` gives it is the same one, not a new one of its name."""
    return found.get("Name") == volume.name and _created(found) == volume.created


def image_of(app: str) -> str:
    """Give the full name of the image that pack builds of an app."""
    return f"index.docker.io/dokku/{app}:latest"


def _examine(volume: Mapping[str, Any], listed: _Listed, keys: PackKeys) -> CacheVolume | None:
    name, volume_labels = str(volume.get("Name")), volume.get("Labels") or {}
    created, elsewhere = _created(volume), _elsewhere(volume)
    if volume_labels.get(client.BUILDER_TYPE) == Kind.HEROKUISH.value:
        app = str(volume_labels.get(client.APP_NAME, ""))
        # Dokku's name for it (0.31.0, plugins/builder-herokuish/builder-build): another name is not Dokku's.
        if is_valid(app) and name == f"{_HEROKUISH_PREFIX}{app}":
            return CacheVolume(name, Kind.HEROKUISH, app, Match.LABEL, created=created, elsewhere=elsewhere)
    if name.startswith(_PACK_PREFIX):
        app, match, generation = _examine_pack(name, listed, keys)
        return CacheVolume(name, Kind.PACK, app, match, generation, created, elsewhere)
    app = name.removeprefix(_HEROKUISH_PREFIX)
    if app != name and is_valid(app):
        return CacheVolume(name, Kind.HEROKUISH, app, Match.NAME, created=created, elsewhere=elsewhere)
    return None


def _examine_pack(name: str, listed: _Listed, keys: PackKeys) -> tuple[str, Match, Generation]:
    named = _PACK_OF_DOKKU.fullmatch(name)
    if named:
        app = _app_of(named["app"], named["hash"], listed, keys)
        if is_valid(app):
            return app, Match.NAME, _generation(app, named["hash"], keys)
    hashed = _PACK_HASHED.fullmatch(name)
    if hashed and hashed["hash"] in listed.by_hash:
        app = listed.by_hash[hashed["hash"]]
        # A pack that has keys gives other names.
        return app, Match.HASH, Generation.FORMER if keys.of(image_of(app)) else Generation.UNKNOWN
    return "", Match.NONE, Generation.UNKNOWN


def _app_of(pack_name: str, digest: str, listed: _Listed, keys: PackKeys) -> str:
    """Give the app that a name of pack stands for: an existing one first, none where two could be meant.

    An older app may have an underscore in its own name, and ``a_u_x`` is what pack makes of ``aux`` too.
    """
    there = listed.by_pack_name.get(pack_name, ())
    if len(there) > 1:
        return next((app for app in there if _generation(app, digest, keys) is Generation.CURRENT), "")
    return there[0] if there else _joined(pack_name)


def _generation(app: str, digest: str, keys: PackKeys) -> Generation:
    image = image_of(app)
    key = keys.of(image)
    if digest == _hash(image + key):
        return Generation.CURRENT
    return Generation.FORMER if key else Generation.UNKNOWN


def _created(volume: Mapping[str, Any]) -> datetime | None:
    try:
        # Python 3.10 does not know the Z.
        created = datetime.fromisoformat(str(volume.get("CreatedAt")).replace("Z", "+00:00"))
    except ValueError:
        return None
    return created if created.tzinfo else None


def _elsewhere(volume: Mapping[str, Any]) -> str:
    driver = volume.get("Driver") or LOCAL_DRIVER
    if driver != LOCAL_DRIVER:
        return f"volume driver {driver} stores it, not Docker itself"
    # Builders set none. They can turn a mount of any other directory into a volume.
    return "its driver options may store it elsewhere" if volume.get("Options") else ""


def _joined(name: str) -> str:
    for word in _RESERVED:
        name = name.replace("_".join(word), word)
    return name


def _split(name: str) -> str:
    for word in _RESERVED:
        name = name.replace(word, "_".join(word))
    return name


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
