"""The last daily run: when it started, how it ended, and whether the next one is overdue."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError
from dokku_cache.records import state_files

FILE_NAME = "daily-run.json"
OK, RUNNING = "ok", "running, or interrupted"
#: A day, and half of one for a server that was switched off for a while.
OVERDUE_AFTER = timedelta(hours=36)
#: A later time was written while the clock was wrong.
MAX_AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Run:
    """The last daily run: ``at`` its start (RFC 3339, UTC), ``result`` OK, RUNNING, or ``failed: ...``.

    The result names no app: everybody who may call ``cache:report`` can see it.
    """

    at: str
    result: str

    @property
    def succeeded(self) -> bool:
        """Tell whether it ended well."""
        return self.result == OK

    @property
    def started(self) -> datetime:
        """Its start as a time."""
        return datetime.fromisoformat(self.at)


def last(environment: DokkuEnvironment) -> Run | None:
    """Return the last daily run, None where none is known. Raises CacheError when its file cannot be read."""
    try:
        run = Run(**json.loads(state_files.read(environment, FILE_NAME)))
        is_valid = run.started.tzinfo is not None and isinstance(run.result, str)
    except (ValueError, TypeError):
        return None
    return run if is_valid else None


def overdue_since(run: Run | None, scheduled: datetime | None, now: datetime | None = None) -> datetime | None:
    """Return since when a daily run is missing, None where none is.

    ``scheduled``: when the job was installed, which counts until the first run; None where there is no job.
    """
    now = now or datetime.now(timezone.utc)
    known = [moment for moment in (run.started if run else None, scheduled) if moment and moment < now + MAX_AHEAD]
    due = max(known) + OVERDUE_AFTER if known else None
    return due if due and due < now else None


@contextmanager
def recorded(environment: DokkuEnvironment) -> Iterator[list[str]]:
    """Record that a run starts and how it ends: ok, or failed with the reasons put into the list that this yields.

    An exception is recorded as a failure and propagates. A record that cannot be written is one of the reasons.
    """
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    reasons: list[str] = []
    _record(environment, Run(at, RUNNING), reasons)
    try:
        yield reasons
    except BaseException as error:
        _record(environment, Run(at, f"failed: {type(error).__name__}"), reasons)
        raise
    _record(environment, Run(at, f"failed: {'; '.join(reasons)}" if reasons else OK), reasons)


def _record(environment: DokkuEnvironment, run: Run, reasons: list[str]) -> None:
    try:
        state_files.write(environment, FILE_NAME, json.dumps(asdict(run)))
    except CacheError as error:
        # A full disk keeps no purge from working, so the run goes on.
        if str(error) not in reasons:
            reasons.append(str(error))
