"""Gathering the facts about legacy caches, and what they amount to."""

from collections.abc import Iterable
from dataclasses import dataclass

from dokku_cache.dokku import docker_options, version
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine import usage as engine_usage
from dokku_cache.engine.client import Engine
from dokku_cache.errors import Unestablished
from dokku_cache.legacy.cache_path import CachePath
from dokku_cache.legacy.classify import DokkuVersion, Usage, classify, classify_without_usage
from dokku_cache.legacy.handles import AppDirectory
from dokku_cache.legacy.mounts import Mount, read_mounts
from dokku_cache.legacy.plan import Finding
from dokku_cache.legacy.sighting import Sighting, look, look_at_app


@dataclass(frozen=True)
class Surveyor:
    """Finds out the state of legacy caches on one server."""

    environment: DokkuEnvironment
    engine: Engine

    def survey(self, apps: Iterable[str]) -> tuple[Finding, ...]:
        """Examine the caches of several apps, in their order.

        The engine is asked once for all of them, and not at all when no app has a cache; Dokku's triggers are
        asked only about apps that have one, several at a time. Raises Unestablished when the table of mounts
        cannot be read.
        """
        mounts = _mounts()
        installed = version.read(self.environment.lib_root)
        sightings = [look_at_app(self.environment.root, app, mounts) for app in apps]
        options = docker_options.usages(
            {
                sighting.app: self._path(sighting)
                for sighting in sightings
                if classify_without_usage(sighting, installed) is None
            }
        )
        return tuple(self._judge(sighting, installed, options=options.get(sighting.app)) for sighting in sightings)

    def examine_again(self, directory: AppDirectory) -> Finding:
        """Examine one app through its open directory, asking everybody anew: for right before a removal."""
        sighting = look(directory, _mounts())
        return self._judge(sighting, version.read(self.environment.lib_root), anew=True)

    def users_after_rename(self, directory: AppDirectory, sighting: Sighting) -> Usage:
        """Ask engine and kernel alone, anew: for right after the cache got another name."""
        renamed = look(directory, _mounts())
        mounted = tuple(reason for entry in renamed.entries if (reason := entry.fault or entry.mounted_as))
        return Usage(uses=mounted) + engine_usage.usage(self.engine, self._path(sighting), anew=True)

    def _judge(
        self,
        sighting: Sighting,
        installed: DokkuVersion | None,
        *,
        options: Usage | None = None,
        anew: bool = False,
    ) -> Finding:
        verdict = classify_without_usage(sighting, installed)
        if verdict is None:
            path = self._path(sighting)
            usage = engine_usage.usage(self.engine, path, anew=anew)
            usage += docker_options.usage(sighting.app, path) if options is None else options
            verdict = classify(sighting, installed, usage)
        return Finding(sighting, verdict)

    def _path(self, sighting: Sighting) -> CachePath:
        return CachePath(sighting, self.environment.root, self.environment.host_root)


def _mounts() -> tuple[Mount, ...]:
    try:
        return read_mounts()
    except (OSError, ValueError) as error:
        raise Unestablished(f"the kernel's table of mounts cannot be read ({error})") from error
