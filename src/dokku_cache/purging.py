"""Removing the legacy cache of one app: lock, look again, rename, delete, look afterwards."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from dokku_cache.dokku import locks
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.errors import CacheError, Interrupted, NotBegun, PartlyRemoved, PutBack, Refused
from dokku_cache.legacy.handles import AppDirectory
from dokku_cache.legacy.measure import Measurement, Tick
from dokku_cache.legacy.plan import Decision, decide
from dokku_cache.legacy.remove import Gone, delete_trash, put_back, remove_ghost, set_aside
from dokku_cache.legacy.sighting import Entry, has_trash
from dokku_cache.legacy.state import Mode
from dokku_cache.sizes import measure_entry
from dokku_cache.survey import Surveyor


class Watcher(Protocol):
    """Is told how a purge gets on."""

    def measuring(self, app: str) -> Tick:
        """Give who counts entries and bytes while they are measured."""

    def deleting(self, app: str, measured: Measurement) -> Gone:
        """Give who counts entries as they go; ``measured`` is what there is to delete."""


@dataclass(frozen=True)
class Request:
    """How a purge is meant.

    ``in_deploy``: the caller is a part of a deploy or a destroy of the app, so a held deploy lock is the
    caller's own. ``lock_wait_seconds``: how long to wait for another purge of the app. ``is_gentle``: slower, so
    that what else runs does not notice.
    """

    mode: Mode = Mode.BY_HAND
    in_deploy: bool = False
    lock_wait_seconds: float = 0
    is_gentle: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a purge removed: ``measured`` before deleting, ``seconds`` of deleting."""

    app: str
    measured: Measurement
    seconds: float
    removed_ghost: bool


@dataclass(frozen=True)
class Purger:
    """Removes legacy caches, one app at a time."""

    environment: DokkuEnvironment
    engine: Engine
    watcher: Watcher
    request: Request = field(default_factory=Request)

    def purge(self, planned: Decision) -> Outcome | None:
        """Do what was planned for one app; None when somebody else has done it meanwhile.

        Everything is checked again under the lock, and only what was planned is removed. Raises Refused or
        Unestablished with everything as it was, PartlyRemoved when trash is left, Interrupted likewise.
        """
        with self._locked(planned) as (directory, decision):
            if decision is None:
                return None
            with _telling_of_trash(directory):
                aside = [self._take(directory, decision, entry) for entry in decision.targets]
                with _leaving_trash(planned.app), _putting_back(directory, decision.targets, aside):
                    return self._delete(directory, decision, aside)

    def set_aside(self, planned: Decision) -> bool:
        """Do the first half of ``purge``, which takes no longer for a big cache: tell whether there is trash now."""
        with self._locked(planned) as (directory, decision):
            if decision is None:
                return False
            with _telling_of_trash(directory):
                for entry in decision.targets:
                    self._take(directory, decision, entry)
            return bool(decision.targets)

    @contextmanager
    def _locked(self, planned: Decision) -> Iterator[tuple[AppDirectory, Decision | None]]:
        try:
            directory = AppDirectory(self.environment.root, planned.app)
        except FileNotFoundError as error:
            raise Refused(f"{planned.app} was destroyed meanwhile") from error
        except OSError as error:
            raise Refused(f"the directory of {planned.app} cannot be opened ({error.strerror})") from error
        with directory:
            locks.hold(directory, self.request.lock_wait_seconds)
            if not self.request.in_deploy and locks.is_being_deployed(self.environment.data_dir, planned.app):
                raise Refused(f"App {planned.app} is being deployed", "purge it again when the deploy is done")
            yield directory, self._decide_again(directory, planned)

    def _decide_again(self, directory: AppDirectory, planned: Decision) -> Decision | None:
        surveyor = Surveyor(self.environment, self.engine)
        decision = decide(surveyor.examine_again(directory), self.request.mode)
        if decision.is_refused:
            raise refusal(decision)
        if not decision.finding.sighting.entries:
            return None
        known = {entry.identity for entry in planned.targets}
        if any(entry.identity not in known for entry in decision.targets):
            raise Refused(f"the cache of {planned.app} was replaced while it was being examined", "purge it again")
        return decision

    def _take(self, directory: AppDirectory, decision: Decision, entry: Entry) -> Entry:
        if entry.is_trash:
            return entry

        def verify() -> None:
            surveyor = Surveyor(self.environment, self.engine)
            usage = surveyor.users_after_rename(directory, decision.finding.sighting)
            if usage.uses or usage.unknown:
                raise Refused(f"the cache of {decision.app} is in use: {'; '.join(usage.uses + usage.unknown)}")

        try:
            return set_aside(directory, entry, verify)
        except OSError as error:
            raise Refused(f"The cache of {decision.app} cannot be renamed ({error.strerror})") from error

    def _delete(self, directory: AppDirectory, decision: Decision, aside: list[Entry]) -> Outcome:
        helper = self._helper(decision.app)
        counting = self.watcher.measuring(decision.app)
        measured = Measurement()
        for entry in aside:
            measured += measure_entry(directory, entry, helper, counting)
        deleting = self.watcher.deleting(decision.app, measured)
        begun = time.monotonic()
        for entry in aside:
            delete_trash(directory, entry, helper, deleting)
        seconds = time.monotonic() - begun
        gone_ghost = decision.finding.sighting.is_ghost and remove_ghost(directory)
        return Outcome(decision.app, measured, seconds, gone_ghost)

    def _helper(self, app: str) -> Helper:
        roots = (self.environment.root, self.environment.host_root)
        return Helper(self.engine, app, *roots, is_gentle=self.request.is_gentle)


def refusal(decision: Decision) -> Refused:
    """Give the error that says why nothing of an app is removed."""
    verdict = decision.finding.verdict
    return Refused(f"The legacy cache of {decision.app} is {verdict.state.value}: {verdict.reason}", verdict.hint)


@contextmanager
def _leaving_trash(app: str) -> Iterator[None]:
    """Turn whatever ends a purge after the rename into the news that it is half done."""
    try:
        yield
    except (PartlyRemoved, PutBack):
        raise
    except CacheError as error:
        raise PartlyRemoved(
            f"The legacy cache of {app} is not wholly deleted: {error}", error.hint or _go_on(app)
        ) from error
    except OSError as error:
        raise PartlyRemoved(
            f"The legacy cache of {app} is not wholly deleted: {error.strerror}", _go_on(app)
        ) from error


@contextmanager
def _putting_back(directory: AppDirectory, targets: Sequence[Entry], aside: Sequence[Entry]) -> Iterator[None]:
    """Give a cache its name again when the helper could not even begin: then all the rest of it is as it was."""
    try:
        yield
    except NotBegun as error:
        renamed = [entry.name for target, entry in zip(targets, aside, strict=True) if not target.is_trash]
        if not [name for name in renamed if put_back(directory, name)]:
            raise
        raise PutBack(f"The legacy cache of {directory.app} stays: {error}", error.hint) from error


@contextmanager
def _telling_of_trash(directory: AppDirectory) -> Iterator[None]:
    """Let an interrupted purge say how to go on, if it has renamed the cache by then."""
    try:
        yield
    except Interrupted as interrupt:
        if not has_trash(directory):
            raise
        raise Interrupted(
            f"The legacy cache of {directory.app} is partly deleted", _go_on(directory.app)
        ) from interrupt


def _go_on(app: str) -> str:
    return f"'dokku cache:purge-legacy {app}' goes on from there"
