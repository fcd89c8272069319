"""The daily run: what cron calls. It writes to the log, prints what a person must know, and notes how it ended."""

import glob
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from dokku_cache.dokku import plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError, Unestablished
from dokku_cache.records import history

FILE_NAME = "daily-run.json"
#: The command of our line in user dokku's crontab.
COMMAND = ("cache:auto-purge", "--daily")
#: How Dokku's permission check knows who calls from cron (0.38.27, plugins/common/functions: dokku_auth).
CRON_USER, CRON_NAME = "dokku", "default"
#: Dokku's own part in that check only takes notes.
_TAKES_NOTES = "20_events"
OK, RUNNING = "ok", "running, or cut short"


@dataclass(frozen=True)
class Run:
    """The last daily run: ``at`` its start (RFC 3339, UTC), ``result`` OK, RUNNING, or what a person has to know."""

    at: str
    result: str

    @property
    def succeeded(self) -> bool:
        """Tell whether it ended well."""
        return self.result == OK


def last(environment: DokkuEnvironment) -> Run | None:
    """Give the last daily run, None where there was none that is known. Raises CacheError."""
    path = os.path.join(history.directory(environment), FILE_NAME)
    try:
        with open(path, encoding="utf-8") as file:
            return Run(**json.load(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CacheError(f"The daily run's record {path} cannot be read ({error.strerror})") from error
    except (ValueError, TypeError):
        return None  # cut short by a full disk: the next run writes it anew


@contextmanager
def noted(environment: DokkuEnvironment) -> Iterator[list[str]]:
    """Note that a run begins, and how it ended: what is put into the list that this gives, or what is raised."""
    at = history.now()
    # A note that a full disk forbids is a warning: the purges themselves need no space.
    told = _note(environment, Run(at, RUNNING))
    try:
        yield told
    except BaseException as error:
        told.append(str(error) or type(error).__name__)
        raise
    finally:
        _note(environment, Run(at, "; ".join(told) or OK))


def _note(environment: DokkuEnvironment, run: Run) -> list[str]:
    """Write down a run; give what is to be said where that cannot be done."""
    path = os.path.join(history.directory(environment), FILE_NAME)
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(f"{path}.new", "w", encoding="utf-8") as file:
            json.dump(asdict(run), file)
        os.replace(f"{path}.new", path)
    except OSError as error:
        return [f"The daily run cannot be noted in {path} ({error.strerror})"]
    return []


def denied(environ: Mapping[str, str]) -> str:
    """Tell why Dokku's permission check denies the daily run, in its own words; an empty text where it does not.

    Plugins with trigger ``user-auth`` decide; dokku-acl lets the user of cron run what its lists allow alone.
    """
    checks = glob.glob(os.path.join(glob.escape(environ.get("PLUGIN_PATH", "")), "enabled", "*", "user-auth"))
    if not [check for check in checks if os.path.basename(os.path.dirname(check)) != _TAKES_NOTES]:
        return ""
    as_cron = {**environ, "SSH_USER": CRON_USER, "SSH_NAME": CRON_NAME}
    try:
        plugn.trigger("user-auth", CRON_USER, CRON_NAME, *COMMAND, cwd="/", environ=as_cron)
    except Unestablished as error:
        return str(error)
    return ""


def remedy(environ: Mapping[str, str]) -> str:
    """Say what to do where the daily run is denied."""
    return (
        f"allow {COMMAND[0]} to user {CRON_NAME!r} in that plugin, or let root run it, who is asked for nothing: as "
        f"/etc/cron.d/dokku-cache, '30 3 * * * root PATH={environ.get('PATH', '')} dokku {' '.join(COMMAND)}'"
    )
