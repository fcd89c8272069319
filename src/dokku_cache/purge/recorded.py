"""Purging with everything around it: progress on the console, a record in the history, word to other plugins."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from dokku_cache.context import Context
from dokku_cache.errors import CacheError, Kept, PartlyRemoved
from dokku_cache.legacy.outcome import Outcome
from dokku_cache.legacy.plan import Finding
from dokku_cache.legacy.sighting import CACHE_NAME
from dokku_cache.output.progress import Watcher
from dokku_cache.purge import events
from dokku_cache.purge.purger import Purger, Request
from dokku_cache.records import history
from dokku_cache.records.history import Initiator, Record


def purge_and_record(context: Context, finding: Finding, request: Request, way: Initiator) -> Outcome | None:
    """Purge one app as ``Purger.purge`` does, show the progress, write down how it ended, and tell other plugins."""
    try:
        with Watcher(context.console) as watcher:
            outcome = Purger(context.environment, context.engine, watcher, request).purge(finding)
    except PartlyRemoved as error:
        _record_failure(context, finding.app, way, str(error))
        raise
    if outcome:
        measured = outcome.measured
        entry = Record(
            finding.app,
            history.now(),
            way.value,
            measured.size_bytes,
            measured.files,
            seconds=round(outcome.seconds, 1),
            ends_app=outcome.removed_ghost or way is Initiator.DESTROY,
        )
        record(context, entry)
        removed = measured.size_bytes, measured.files
        events.purged(context.environment, finding.app, history.LEGACY, finding.sighting.path, removed, way.value)
    return outcome


@contextmanager
def failure_in_history(context: Context, app: str, way: Initiator) -> Iterator[None]:
    """Let the report show what ended a purge that nobody watched, until one succeeds; the error goes on."""
    try:
        yield
    except (PartlyRemoved, Kept):
        raise  # purge_and_record has written the one down; the other is no failure
    except Exception as error:
        _record_failure(context, app, way, str(error) or type(error).__name__)
        raise


def _record_failure(context: Context, app: str, way: Initiator, failure: str) -> None:
    record(context, Record(app, history.now(), way.value, failure=failure))
    location = os.path.join(context.environment.root, app, CACHE_NAME)
    events.purge_failed(context.environment, app, history.LEGACY, location, way.value, failure)


def record(context: Context, entry: Record) -> None:
    """Write to the history; a history that cannot be written is a warning, and no failure of the purge."""
    try:
        history.append(context.environment, entry)
    except CacheError as error:
        context.console.warn(str(error), error.hint)
