"""Purging with everything around it: progress, the history, and the events for other plugins."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from dokku_cache.context import Context
from dokku_cache.errors import CacheError, NotDue, PartlyRemoved
from dokku_cache.model.finding import Finding, Outcome
from dokku_cache.model.location import CACHE_NAME
from dokku_cache.model.state import Initiator, Request
from dokku_cache.output.progress import Watcher
from dokku_cache.purge import events
from dokku_cache.purge.purger import Purger
from dokku_cache.records import history
from dokku_cache.records.history import Record


def purge_and_record(context: Context, finding: Finding, request: Request) -> Outcome | None:
    """Purge one app as ``Purger.purge`` does, show the progress, record the result, and fire the events.

    Failures are recorded, and the app's owner reads them; so an automatic purge names no other app either.
    """
    if request.initiator.is_automatic:
        request = replace(request, visible=frozenset({finding.app}))
    try:
        with Watcher(context.console) as watcher:
            outcome = Purger(context.environment, context.engine, watcher, request).purge(finding)
    except PartlyRemoved as error:
        _record_failure(context, finding.app, request.initiator, str(error))
        raise
    if outcome:
        removed, by = outcome.removed, request.initiator.value
        entry = Record(
            finding.app,
            history.now(),
            by,
            removed.size_bytes,
            removed.files,
            seconds=round(outcome.seconds, 1),
            ends_app=outcome.removed_ghost,
        )
        record(context, entry)
        sizes = removed.size_bytes, removed.files
        events.purged(context.environment, finding.app, history.LEGACY, finding.location.path, sizes, by)
    return outcome


@contextmanager
def failure_in_history(context: Context, app: str, initiator: Initiator) -> Iterator[None]:
    """Record what ended a purge that no person watched, so that reports show it; the error continues."""
    try:
        yield
    except (PartlyRemoved, NotDue):
        raise  # the one is recorded already, the other is not a failure
    except Exception as error:
        _record_failure(context, app, initiator, str(error) or type(error).__name__)
        raise


def _record_failure(context: Context, app: str, initiator: Initiator, failure: str) -> None:
    record(context, Record(app, history.now(), initiator.value, failure=failure))
    location = os.path.join(context.environment.root, app, CACHE_NAME)
    events.purge_failed(context.environment, app, history.LEGACY, location, initiator.value, failure)


def record(context: Context, entry: Record) -> None:
    """Write to the history. A history that cannot be written is a warning, not a failure of the purge."""
    try:
        history.append(context.environment, entry)
    except CacheError as error:
        context.console.warn(str(error), error.hint)
