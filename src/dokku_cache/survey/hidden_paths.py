"""Where paths lead that user dokku cannot see: an engine mounts /root/uploads, and that may be a link into a cache.

The engine resolves a path as root when it mounts it. So a helper container gets it mounted, to read and not
recursively, and tells from the kernel's table of mounts what stands there.
"""

import time

from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.errors import CacheError, NotBegun
from dokku_cache.evidence.by_app import Usages
from dokku_cache.evidence.paths import CachePaths
from dokku_cache.legacy.proof import Usage
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.tree.mounts import Mount, read_mounts

#: For so long it is remembered where a path leads: a sweep over many apps would ask the same for each.
_REMEMBERED_SECONDS = 60.0


def add(usages: Usages, paths: CachePaths, engine: Engine, app: str) -> None:
    """Count the uses by paths that could not be seen. Where that cannot be found out, it is unknown of all caches.

    ``app``: for whose purge it is asked, so that the next one of that app finds a container that is left behind.
    """
    for path, claim in usages.noted.items():
        if not paths.is_hidden(path):
            continue
        try:
            place = _ask(path, engine, app)
            if place is not None:
                usages.add(paths.meant_by_place(place, read_mounts()), claim)
        except (CacheError, OSError, ValueError) as error:
            unknown = (
                f"it cannot be found out where {path} leads, which {claim.sentence.partition(' {}')[0]}: {error}"
            )
            remedies = (claim.remedy,) if claim.remedy else ()
            codes = (ReasonCode.PATH_UNREADABLE,)
            usages.add_unknown("", Usage(unknown=(unknown,), remedies=remedies, unknown_codes=codes))


def _ask(path: str, engine: Engine, app: str) -> Mount | None:
    known = engine.places.get(path)
    if known is not None and time.monotonic() - known[0] < _REMEMBERED_SECONDS:
        return known[1]
    helper = Helper(engine, app, "", "")  # the path is the host's already
    try:
        place = helper.place_of(path)
    except NotBegun:
        place = None  # nothing stands there, or nothing that can be mounted
    engine.places[path] = (time.monotonic(), place)
    return place
