"""The daily run: what starts it, when the last one started and how it ended, and on which Docker engine it was."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone

from dokku_cache.dokku import host_settings, state_files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import CacheError

FILE_NAME = "daily-run.json"
ENGINE_ID_FILE = "engine-id"
#: ``src/schedule`` installs a systemd timer, or a cron file without systemd.
TIMER = "dokku-cache.timer"
TIMER_FILE = f"etc/systemd/system/{TIMER}"
ENABLED = f"etc/systemd/system/timers.target.wants/{TIMER}"
CRON_FILE = "etc/cron.d/dokku-cache"
OK, RUNNING = "ok", "running, or interrupted"
#: A day, and half a day for a server that was switched off.
OVERDUE_AFTER = timedelta(hours=36)
#: A later time was written while the clock was wrong.
MAX_AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Run:
    """The last daily run: ``at`` its start (RFC 3339, UTC), ``result`` OK, RUNNING, or ``failed: ...``.

    The result names no app, because every caller of ``cache:report`` can see it.
    """

    at: str
    result: str

    @property
    def succeeded(self) -> bool:
        """Return whether it ended without a failure."""
        return self.result == OK

    @property
    def started(self) -> datetime:
        """The time of its start."""
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
    """Return since when a daily run is overdue, else None.

    ``scheduled``: when the job was installed, None where there is no job.
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
        # The run continues, because purges work on a full disk.
        if str(error) not in reasons:
            reasons.append(str(error))


@dataclass(frozen=True)
class Schedule:
    """What starts the daily run, and ``since`` when it is installed; None where nothing starts it."""

    described: str
    since: datetime | None = None


def schedule(root: str = "/") -> Schedule:
    """Return what starts the daily run. ``root`` is the server's root directory."""
    is_timer = os.path.isdir(os.path.join(root, host_settings.SYSTEMD))
    file, by = (TIMER_FILE, f"systemd timer {TIMER}") if is_timer else (CRON_FILE, f"cron file /{CRON_FILE}")
    try:
        installed = os.stat(os.path.join(root, file)).st_mtime
    except OSError:
        return Schedule("not scheduled: run 'sudo dokku plugin:install'")
    if is_timer and not os.path.lexists(os.path.join(root, ENABLED)):
        return Schedule(f"not scheduled: {by} is not enabled; run 'sudo systemctl enable --now {TIMER}'")
    return Schedule(by, datetime.fromtimestamp(installed, timezone.utc))


def engine_change(environment: DokkuEnvironment, engine_id: str) -> str:
    """Return why this may not be the engine of the last run, else an empty text; record its ID.

    An engine with another ID may have started without its data: its lists of containers and volumes are incomplete.
    """
    is_first = False
    try:
        recorded = state_files.read(environment, ENGINE_ID_FILE)
        is_first = not os.path.lexists(state_files.path(environment, ENGINE_ID_FILE))
        if is_first or engine_id != recorded:
            state_files.write(environment, ENGINE_ID_FILE, engine_id)
    except CacheError as error:
        return "" if is_first else f"{error}, so nothing was removed; {error.hint}"
    if is_first or engine_id == recorded:
        return ""
    what = "changed" if recorded else "of the last run was lost"
    return f"the ID of the Docker engine {what}, so nothing was removed; the next run works as usual"
