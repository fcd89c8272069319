"""Identify cache volumes and their apps, by Dokku's labels or by the names that builders choose."""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
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
    """All apps of the server, and pack's keys."""

    apps: Collection[str]
    keys: PackKeys

    @cached_property
    def by_hash(self) -> Mapping[str, str]:
        return {_hash(image_of(app)): app for app in self.apps}

    @cached_property
    def by_pack_name(self) -> Mapping[str, list[str]]:
        named: dict[str, list[str]] = {}
        for app in self.apps:
            named.setdefault(_split(app), []).append(app)
        return named


def find(volumes: Iterable[Mapping[str, Any]], apps: Collection[str], keys: PackKeys) -> tuple[CacheVolume, ...]:
    """Find the cache volumes among all of an engine's (as ``GET /volumes`` lists them), in their order.

    ``apps`` are all of the server, visible or not. A label or name that is not a valid app name is ignored.
    """
    listed = _Listed(apps, keys)
    return tuple(found for volume in volumes if (found := _examine(volume, listed)))


def is_same(volume: CacheVolume, found: Mapping[str, Any]) -> bool:
    """Return whether a volume as ``GET /volumes/{name}`` gives it is the same one, not a new one of its name."""
    return found.get("Name") == volume.name and _created(found) == volume.created


def image_of(app: str) -> str:
    """Give the full name of the image that pack builds of an app."""
    return f"index.docker.io/dokku/{app}:latest"


def _examine(volume: Mapping[str, Any], listed: _Listed) -> CacheVolume | None:
    name, labels = str(volume.get("Name")), volume.get("Labels") or {}
    created, elsewhere = _created(volume), _elsewhere(volume)
    app = name.removeprefix(_HEROKUISH_PREFIX)
    if app != name and is_valid(app):
        # A label on a volume with another name is not Dokku's.
        is_labelled = labels.get(client.BUILDER_TYPE) == Kind.HEROKUISH.value and labels.get(client.APP_NAME) == app
        match = Match.LABEL if is_labelled else Match.NAME
        return CacheVolume(name, Kind.HEROKUISH, app, match, created=created, elsewhere=elsewhere)
    if name.startswith(_PACK_PREFIX):
        app, match, generation = _examine_pack(name, listed)
        return CacheVolume(name, Kind.PACK, app, match, generation, created, elsewhere)
    return None


def _examine_pack(name: str, listed: _Listed) -> tuple[str, Match, Generation]:
    named, hashed = _PACK_OF_DOKKU.fullmatch(name), _PACK_HASHED.fullmatch(name)
    if named:
        # An existing app comes first: an older one may have an underscore in its own name, and ``a_u_x`` is what pack
        # makes of ``aux`` too. Of two existing ones neither is meant for certain.
        existing = listed.by_pack_name.get(named["app"], [_joined(named["app"])])
        if len(existing) == 1 and is_valid(existing[0]):
            return existing[0], Match.NAME, _generation(existing[0], named["hash"], listed.keys)
    if hashed and (app := listed.by_hash.get(hashed["hash"])):
        # A pack that has keys gives other names.
        return app, Match.HASH, Generation.FORMER if listed.keys.of(image_of(app)) else Generation.UNKNOWN
    return "", Match.NONE, Generation.UNKNOWN


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
