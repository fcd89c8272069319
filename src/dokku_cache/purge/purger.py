"""Removing the legacy cache of one app: lock, look at all of it, check, rename, delete, look afterwards."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from dokku_cache.dokku import locks, policy
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import GENTLE_WORKERS, WORKERS, Helper
from dokku_cache.errors import (
    CacheError,
    Interrupted,
    Kept,
    NotBegun,
    PartlyRemoved,
    PutBack,
    Refused,
    os_error_hint,
)
from dokku_cache.legacy.outcome import Outcome
from dokku_cache.legacy.plan import Decision, Finding, candidates
from dokku_cache.legacy.remove import Gone, delete_trash, put_back, remove_ghost, set_aside
from dokku_cache.legacy.sighting import Entry, has_trash, look
from dokku_cache.legacy.state import Mode
from dokku_cache.purge.refusals import kept, refusal
from dokku_cache.purge.second_look import decide_again
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.survey.walking import walk_entry
from dokku_cache.tree.contents import Walk
from dokku_cache.tree.handles import AppDirectory, Identity
from dokku_cache.tree.measurement import Measurement, Tick

#: Trigger post-deploy comes near a deploy's end. What takes longer than this is left to the daily run.
DEPLOY_SECONDS = 900.0
#: What is said of an app whose cache goes after its deploy, by trigger post-deploy.
LEFT_TO_DEPLOY = "until the end of its deploy: then it is looked at again"


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
    caller's own. ``lock_wait_seconds``: how long to wait for another purge of the app, ``deploy_wait_seconds`` for
    the end of a deploy that has begun meanwhile. ``is_gentle``: slower, so
    that what else runs does not notice.
    """

    mode: Mode = Mode.NAMED
    in_deploy: bool = False
    lock_wait_seconds: float = 0
    deploy_wait_seconds: float = 0
    is_gentle: bool = False


@dataclass(frozen=True)
class Purger:
    """Removes legacy caches, one app at a time."""

    environment: DokkuEnvironment
    engine: Engine
    watcher: Watcher
    request: Request

    def purge(self, planned: Finding) -> Outcome | None:
        """Remove what was found of one app, if all of it proves to be a dead cache; None when it is gone by now.

        Everything is looked at and checked again under the lock, and only what was found is removed. Raises Kept,
        Refused or Unestablished with everything as it was, PartlyRemoved when trash is left, Interrupted likewise.
        """
        with self._locked(planned) as directory:
            # Before anything is measured: what an interrupted purge has started may still be deleting.
            self._helper(planned.app).remove_stale()
            walks = self._walk(directory, planned)
            decision = self._decide_again(directory, planned, walks)
            if not decision.targets:
                return None
            with _telling_of_trash(directory):
                aside = [self._take(directory, decision, entry) for entry in decision.targets]
                with _leaving_trash(planned.app), _putting_back(directory, decision.targets, aside):
                    return self._delete(directory, decision, aside, walks)

    @contextmanager
    def _locked(self, planned: Finding) -> Iterator[AppDirectory]:
        try:
            directory = AppDirectory(self.environment.root, planned.app)
        except FileNotFoundError as error:
            raise Refused(
                f"{planned.app} was destroyed meanwhile",
                "its cache went with it: 'dokku cache:list' shows what is left",
            ) from error
        except OSError as error:
            raise Refused(
                f"the directory of {planned.app} cannot be opened ({error.strerror})",
                "nothing was removed: see that user dokku can open it, and purge again",
            ) from error
        with directory:
            locks.hold(directory, self.request.lock_wait_seconds)
            self._refuse_deploy(planned.app)
            yield directory

    @property
    def _is_automatic(self) -> bool:
        return self.request.mode in {Mode.AUTOMATIC, Mode.FINISH}

    def _refuse_deploy(self, app: str) -> None:
        if self.request.in_deploy or not locks.is_deployed_for(
            self.environment, app, self.request.deploy_wait_seconds
        ):
            return
        if self._is_automatic:
            raise Kept(f"App {app} is being deployed", state_and_reason=LEFT_TO_DEPLOY)
        raise Refused(f"App {app} is being deployed", "nothing was removed: purge it again when the deploy is done")

    def _walk(self, directory: AppDirectory, planned: Finding) -> dict[Identity, Walk]:
        """Look at all of what might go; what decides is checked after this, as it may take long."""
        helper, counting = self._helper(directory.app), self.watcher.measuring(directory.app)
        wanted = {entry.identity for entry in candidates(planned, self.request.mode)}
        readers = policy.readers(self.environment)
        try:
            entries = [entry for entry in look(directory, ()).entries if entry.identity in wanted]
            return {entry.identity: walk_entry(directory, entry, helper, counting, readers) for entry in entries}
        except OSError as error:
            raise Refused(
                f"The legacy cache of {directory.app} changed while it was examined ({error.strerror or error})",
                "nothing was removed: purge it again",
            ) from error

    def _decide_again(self, directory: AppDirectory, planned: Finding, walks: Mapping[Identity, Walk]) -> Decision:
        self._refuse_deploy(planned.app)
        finding = Surveyor(self.environment, self.engine).examine_again(directory, walks)
        decision = decide_again(planned, finding, walks, self.request.mode)
        if not decision.targets and decision.kept is not None:
            raise kept(decision) if self._is_automatic else refusal(decision)
        return decision

    def _take(self, directory: AppDirectory, decision: Decision, entry: Entry) -> Entry:
        if entry.is_trash:
            return entry

        def verify() -> None:
            surveyor = Surveyor(self.environment, self.engine)
            usage = surveyor.users_after_rename(directory, decision.finding.sighting)
            if not usage.is_none:
                who = "is in use" if usage.uses else "may be in use"
                why = "; ".join(usage.uses + usage.unknown)
                hint = "; ".join(usage.remedies) or "it has its name again: purge it when nobody uses it"
                raise Refused(f"The legacy cache of {decision.app} {who}: {why}", hint)

        try:
            # What is needed afterwards is asked for now, while all is as it was.
            if not _is_own(directory, entry):
                self._helper(decision.app).prepare()
            return set_aside(directory, entry, verify)
        except OSError as error:
            raise Refused(
                f"The legacy cache of {decision.app} cannot be renamed ({error.strerror})",
                os_error_hint(error, f"check that user dokku can write to {directory.path}, and purge again"),
            ) from error

    def _delete(
        self, directory: AppDirectory, decision: Decision, aside: list[Entry], walks: Mapping[Identity, Walk]
    ) -> Outcome:
        helper = self._helper(decision.app)
        measured = sum((walks[entry.identity].measured for entry in aside), Measurement())
        deleting = self.watcher.deleting(decision.app, measured)
        workers = GENTLE_WORKERS if self.request.is_gentle else WORKERS
        begun = time.monotonic()
        for entry in aside:
            delete_trash(directory, entry, helper, deleting, workers)
        seconds = time.monotonic() - begun
        gone_ghost = decision.finding.is_ghost and remove_ghost(directory)
        return Outcome(decision, measured, seconds, gone_ghost)

    def _helper(self, app: str) -> Helper:
        roots = (self.environment.root, self.environment.host_root)
        return Helper(self.engine, app, *roots, is_gentle=self.request.is_gentle)


def _is_own(directory: AppDirectory, entry: Entry) -> bool:
    """Tell whether this user may delete in a cache, which then takes no helper."""
    return os.stat(entry.name, dir_fd=directory.fd, follow_symlinks=False).st_uid == os.geteuid()


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
