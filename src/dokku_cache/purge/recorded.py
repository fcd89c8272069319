"""Purging with everything around it: progress, the history, events for other plugins, and results as values."""

from dataclasses import replace
from itertools import takewhile

from dokku_cache.dokku import history, plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.history import Record
from dokku_cache.model.errors import (
    CacheError,
    Interrupted,
    NotDue,
    NotRemoved,
    PartlyRemoved,
    Unknown,
    was_interrupted,
)
from dokku_cache.model.finding import Finding, Outcome, Result
from dokku_cache.model.state import Request, State
from dokku_cache.output import log, text
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.purger import Purger
from dokku_cache.purge.volume_purger import VolumePurger
from dokku_cache.rules.removal import decide, is_candidate, refusal
from dokku_cache.survey.context import Context

PURGED, PURGE_FAILED, LOW_DISK = "cache-purged", "cache-purge-failed", "cache-low-disk"
LIMIT_SECONDS = 10.0

#: Triggers that did not end in time. They are not fired again by this process.
_timed_out: set[str] = set()


def purge(context: Context, finding: Finding, request: Request) -> Result:
    """Remove one cache if the request may; show the progress, record the result, and fire the events.

    A failure is part of the result. An automatic run continues with the next cache even after an unexpected one.
    Failures are recorded if a removal was started, or if no person watches. The app's owner reads the records, so an
    automatic purge of a directory names no other app.
    """
    if not is_candidate(finding, request):
        is_absent = finding.verdict.state is State.ABSENT
        return Result(finding, error=None if is_absent else refusal(decide(finding, request), request))
    if request.is_automatic and finding.volume is None:
        request = replace(request, visible=frozenset({finding.app}))
    try:
        with Watcher(context.console) as watcher:
            if finding.volume is not None:
                outcome = VolumePurger(context, watcher, request).purge(finding)
            else:
                outcome = Purger(context.environment, context.engine, watcher, request).purge(finding)
    except Exception as error:
        is_failure = request.is_automatic and not isinstance(error, NotDue)
        is_repeated = False
        if is_failure or isinstance(error, NotRemoved):
            is_repeated = not _record(context, finding, request, failure=str(error) or type(error).__name__)
        if not isinstance(error, CacheError):
            if not request.is_automatic:
                raise
            error = CacheError(f"Unexpected error: {type(error).__name__}: {error}", "report this as a bug")
        if was_interrupted():  # this failed because of it, or meanwhile: no other cache may follow
            raise Interrupted(str(error), error.hint if isinstance(error, PartlyRemoved) else "") from error
        return Result(finding, error=error, is_repeated=is_repeated)
    if outcome is None:
        return Result(finding)
    _record(context, finding, request, outcome)
    return Result(finding, outcome, refusal(outcome.decision, request) if outcome.decision.kept else None)


def _record(
    context: Context, finding: Finding, request: Request, outcome: Outcome | None = None, failure: str = ""
) -> bool:
    """Record an outcome or a failure, and fire the event. Return False for a failure that is already recorded."""
    app, kind, location, by = finding.app, finding.kind.value, finding.location.path, request.initiator.value
    entry = Record(app, history.now(), by, failure=failure, kind=kind, location=location if finding.volume else "")
    if outcome is None:
        if _is_known(context, entry):
            return False
        record(context, entry)
        fire(context.environment, PURGE_FAILED, app, kind, location, by, text.printable(failure))
        return True
    size_bytes, files = outcome.total or outcome.removed.size
    seconds = round(outcome.seconds, 1)
    record(
        context, replace(entry, size_bytes=size_bytes, files=files, seconds=seconds, ends_app=outcome.removed_ghost)
    )
    fire(context.environment, PURGED, app, kind, location, str(size_bytes), str(files), by)
    return True


def _is_known(context: Context, failure: Record) -> bool:
    """Return whether this failure is recorded today since the last success: a cache may fail after every deploy."""
    try:
        known = history.read(context.environment).of_app(failure.app)
    except CacheError:
        return False
    same = [record for record in known if (record.kind, record.location) == (failure.kind, failure.location)]
    failed = takewhile(lambda record: record.failure and record.at[:10] == failure.at[:10], reversed(same))
    return any(record.failure == failure.failure for record in failed)


def record(context: Context, entry: Record) -> None:
    """Write to the history. A history that cannot be written is a warning, not a failure of the purge."""
    try:
        history.append(context.environment, entry)
    except CacheError as error:
        context.console.warn(str(error), error.hint)


def fire(environment: DokkuEnvironment, name: str, *arguments: str) -> None:
    """Fire an event for other plugins: a trigger, which docs/formats.md describes.

    A trigger that fails or hangs costs a line in the log, and at most LIMIT_SECONDS.
    """
    if name in _timed_out or not plugn.is_implemented(name, environment.plugin_path):
        return
    stream = log.LogStream(environment.logs_dir, name)
    try:
        with log.captured_output(stream) as output:
            plugn.notify(name, *arguments, output=output, timeout_seconds=LIMIT_SECONDS)
    except (OSError, Unknown) as error:
        if isinstance(error, plugn.NeverEnds):
            _timed_out.add(name)
        stream.write(f"trigger {name} cannot be run: {error}" if isinstance(error, OSError) else str(error))
