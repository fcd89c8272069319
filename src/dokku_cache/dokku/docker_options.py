"""Which docker options and storage mounts of an app name its legacy cache."""

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from dokku_cache.dokku import plugn
from dokku_cache.errors import Unestablished
from dokku_cache.legacy.cache_path import CachePath
from dokku_cache.legacy.classify import Usage

#: Each prints the options of one kind of container of an app, its ``storage:mount`` mounts included.
TRIGGERS = (
    ("docker-args-build", "herokuish"),
    ("docker-args-deploy", "latest"),
    ("docker-args-run", "latest"),
)
#: What separates a path from the rest of an option: ``-v /a:/b``, ``--mount type=bind,source=/a,target=/b``.
_SEPARATORS = re.compile("[=:,]")


def usage(app: str, cache: CachePath) -> Usage:
    """Find the options that name the cache or a path below it, for builds, deploys and runs of an app.

    A trigger that fails goes into ``unknown``: what it would have named counts as in use.
    """
    return usages({app: cache})[app]


def usages(caches: Mapping[str, CachePath]) -> dict[str, Usage]:
    """Find that for several apps, each with its cache."""
    # A trigger asks all plugins, which takes 0.1 s: several are asked at the same time.
    with ThreadPoolExecutor(max(len(TRIGGERS), os.cpu_count() or 1)) as pool:
        asked = {app: [pool.submit(_ask, app, *kind) for kind in TRIGGERS] for app in caches}
        return {app: _judge([answer.result() for answer in asked[app]], cache) for app, cache in caches.items()}


def _judge(printed: Sequence[str | Unestablished], cache: CachePath) -> Usage:
    uses: dict[str, None] = {}
    unknown: list[str] = []
    for options in printed:
        if isinstance(options, Unestablished):
            unknown.append(f"its docker options cannot be read ({options})")
            continue
        for option in naming(options, cache):
            uses[f"a docker option or storage mount of the app names it: {option}"] = None
    return Usage(tuple(uses), tuple(unknown))


def _ask(app: str, trigger: str, argument: str) -> str | Unestablished:
    try:
        return plugn.trigger(trigger, app, argument, cwd="/")
    except Unestablished as error:
        return error


def naming(printed: str, cache: CachePath) -> list[str]:
    """Give the words of a printed option line that hold a path at or below the cache."""
    try:
        words = shlex.split(printed)
    except ValueError:
        words = [printed]
    found = [word for word in words if any(map(cache.covers, _SEPARATORS.split(word)))]
    if not found and cache.is_named_in(printed):
        return [printed.strip()]  # quoted in a way that takes the path apart: believe the text
    return found
