"""The purges on this server: one JSON object per line in ``$DOKKU_LIB_ROOT/data/cache/history.jsonl``."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from functools import cached_property

from dokku_cache.dokku import files, state_files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.errors import CacheError

FILE_NAME = "history.jsonl"
#: The kind of a legacy cache, and of records without a kind.
LEGACY = "legacy"


@dataclass(frozen=True)
class Record:
    """One purge: ``at`` its end (RFC 3339, UTC), ``failure`` why it did not remove everything, else empty.

    ``kind`` as in ``cache:list``; ``location``: the name of a volume, empty for a directory. ``ends_app``: the app
    was destroyed: earlier records do not count for a new app with its name. Such a record may have nothing removed.
    """

    app: str
    at: str
    by: str
    size_bytes: int = 0
    files: int = 0
    seconds: float = 0.0
    failure: str = ""
    ends_app: bool = False
    kind: str = LEGACY
    location: str = ""


#: The types of its fields: a damaged line may still be JSON.
_TYPES = {
    name: (int, float) if name == "seconds" else type(value) for name, value in asdict(Record("", "", "")).items()
}


@dataclass(frozen=True)
class History:
    """Records in the order in which they were written."""

    records: tuple[Record, ...] = ()

    def ended(self, app: str) -> datetime | None:
        """Return when an app was last destroyed or renamed, None where that is not known."""
        ends = (datetime.fromisoformat(one.at) for one in self.records if one.ends_app and one.app == app)
        return max(ends, default=None)

    def last_purge(self, app: str) -> Record | None:
        """Return the last purge of an app's directory that removed everything."""
        done = [record for record in self.of_app(app) if record.kind == LEGACY and not record.failure]
        return done[-1] if done else None

    def last_failure(self, app: str) -> Record | None:
        """Return the latest failure of an app without a later purge of the same kind."""
        last = {record.kind: record for record in self.of_app(app)}
        return max((record for record in last.values() if record.failure), key=lambda one: one.at, default=None)

    def of_app(self, app: str) -> list[Record]:
        """Return the records of the app that has this name now."""
        return self._by_app.get(app, [])

    @cached_property
    def shown(self) -> tuple[Record, ...]:
        """All records of a purge or a failure; the rest only end an app."""
        return tuple(one for one in self.records if one.files or one.size_bytes or one.failure or one.location)

    @cached_property
    def _by_app(self) -> dict[str, list[Record]]:
        by_app: dict[str, list[Record]] = {}
        for record in self.records:
            if record.ends_app:
                by_app.pop(record.app, None)
            else:
                by_app.setdefault(record.app, []).append(record)
        return by_app

    @property
    def freed_bytes(self) -> int:
        """The sum of all freed bytes."""
        return sum(record.size_bytes for record in self.records)

    @property
    def purges(self) -> int:
        """The number of purges that removed everything."""
        return sum(not record.failure for record in self.shown)


def now() -> str:
    """Return the time as it is recorded."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


def append(environment: DokkuEnvironment, record: Record) -> None:
    """Record a purge. Raises CacheError when it cannot be written; the purge itself is done."""
    # The newline comes first, so that a record cut by a full disk does not damage the next one.
    line = b"\n" + json.dumps(asdict(record)).encode()
    try:
        state_files.append(environment, FILE_NAME, line)
    except CacheError as error:
        raise CacheError(f"Could not update the history: {error}", error.hint) from error


def read(environment: DokkuEnvironment) -> History:
    """Read all records, without damaged lines. Raises CacheError when the file cannot be read."""
    path = state_files.path(environment, FILE_NAME)
    try:
        with open(path, encoding="utf-8", errors="replace", opener=files.opener) as lines:
            return History(tuple(_parse(lines)))
    except (FileNotFoundError, NotADirectoryError):
        return History()
    except OSError as error:
        hint = "check that the dokku user can read it"
        raise CacheError(f"Could not read {path} ({error.strerror})", hint) from error


def _parse(lines: Iterable[str]) -> Iterator[Record]:
    for line in lines:
        try:
            record = Record(**json.loads(line))
            has_zone = datetime.fromisoformat(record.at).tzinfo is not None
        except (ValueError, TypeError):
            continue
        if has_zone and all(isinstance(getattr(record, name), kind) for name, kind in _TYPES.items()):
            yield record
