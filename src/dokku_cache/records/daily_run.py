"""The note of the last daily run: when it was, and how it ended."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import CacheError
from dokku_cache.records import history

FILE_NAME = "daily-run.json"
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
        with open(path, encoding="utf-8", opener=files.opener) as file:
            return Run(**json.load(file))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CacheError(
            f"The daily run's record {path} cannot be read ({error.strerror})", "see that user dokku can read it"
        ) from error
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
