"""Removing the legacy cache of one app: lock, scan, check, rename, delete, and look again."""

import errno
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from dokku_cache.dokku import apps
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.model.errors import (
    CacheError,
    Interrupted,
    MayContinue,
    NotDue,
    NotStarted,
    PartlyRemoved,
    Refused,
    RolledBack,
    held_back,
    os_error_hint,
)
from dokku_cache.model.finding import Decision, Finding, Outcome
from dokku_cache.model.location import CACHE_NAME, KEPT_PREFIX, TRASH_PREFIX, Entry
from dokku_cache.model.scan import Identity, Progress, Scan, ignore
from dokku_cache.model.state import Initiator, Request
from dokku_cache.output.progress import Step, Watcher
from dokku_cache.rules.removal import candidates, decide, refusal
from dokku_cache.survey import app_directory
from dokku_cache.survey.scanning import scan_entry
from dokku_cache.survey.surveyor import Surveyor, with_scan
from dokku_cache.tree.handles import AppDirectory
from dokku_cache.tree.mounts import mounted_at_or_below, read_mounts

#: How long to wait for another purge of the same app.
_LOCK_WAIT_SECONDS = {Initiator.DEPLOY: 3600.0, Initiator.DESTROY: 600.0, Initiator.RENAME: 600.0}
#: The reason for keeping a cache whose app is being deployed; trigger post-deploy checks it again.
LEFT_TO_DEPLOY = "its app is being deployed; it is checked again after the deploy"


def refuse_deploy(environment: DokkuEnvironment, app: str, request: Request) -> None:
    """Raise Refused, or NotDue for an automatic removal, while an app is being deployed."""
    if request.in_deploy or not apps.is_being_deployed(environment, app):
        return
    if request.is_automatic:
        raise NotDue(f"App {app} is being deployed", state_and_reason=LEFT_TO_DEPLOY)
    raise Refused(f"App {app} is being deployed", "nothing was removed; purge again after the deploy")


@dataclass(frozen=True)
class Purger:
    """Removes legacy caches, one app at a time."""

    environment: DokkuEnvironment
    engine: Engine
    watcher: Watcher
    request: Request

    def purge(self, planned: Finding) -> Outcome | None:
        """Remove what was found of one app, if it is still removable; None when it is gone by now.

        Everything is scanned and checked again under the lock, and only what was planned is removed. NotDue, Refused,
        Unknown, RolledBack, and Interrupted without a hint leave everything unchanged. PartlyRemoved, and Interrupted
        with a hint, leave trash.
        """
        with self._locked(planned) as directory:
            # An interrupted purge may have left a helper that still deletes.
            self._helper(planned.app).remove_stale()
            scans = self._scan(directory, planned)
            decision = self._recheck(directory, planned, scans)
            if not decision.targets:
                return None
            return self._remove(directory, decision, scans)

    @contextmanager
    def _locked(self, planned: Finding) -> Iterator[AppDirectory]:
        try:
            directory = AppDirectory(self.environment.root, planned.app)
        except FileNotFoundError as error:
            hint = "check what is left with 'dokku cache:list'"
            raise Refused(f"App {planned.app} was destroyed in the meantime", hint) from error
        except OSError as error:
            hint = "nothing was removed; check that the dokku user can open it, then purge again"
            raise Refused(f"The directory of {planned.app} cannot be opened ({error.strerror})", hint) from error
        with directory:
            apps.hold_lock(directory, _LOCK_WAIT_SECONDS.get(self.request.initiator, 0))
            refuse_deploy(self.environment, planned.app, self.request)
            yield directory

    def _scan(self, directory: AppDirectory, planned: Finding) -> dict[Identity, Scan]:
        """Scan everything that may be removed. The checks come after this, because it may take long."""
        wanted = {entry.identity for entry in candidates(planned, self.request)}
        counting = self.watcher.measuring(directory.app)
        try:
            entries = [entry for entry in app_directory.read(directory, ()).entries if entry.identity in wanted]
            return {entry.identity: self._scan_entry(directory, entry, counting) for entry in entries}
        except OSError as error:
            raise _changed(directory.app) from error

    def _scan_entry(self, directory: AppDirectory, entry: Entry, progress: Progress = ignore) -> Scan:
        return scan_entry(directory, entry, self._helper(directory.app), progress)

    def _recheck(self, directory: AppDirectory, planned: Finding, scans: Mapping[Identity, Scan]) -> Decision:
        """Recheck with current facts. Only what was scanned is among the targets."""
        refuse_deploy(self.environment, planned.app, self.request)
        finding = Surveyor(self.environment, self.engine, self.request.visible).recheck(directory)
        cache, before = finding.location.cache, planned.location.cache
        if cache is not None and cache.identity in scans:
            if planned.facts.scan not in (None, scans[cache.identity]):  # a person confirmed what was scanned then
                raise _changed(planned.app)
            finding = with_scan(finding, scans[cache.identity])
        elif cache is not None and before in candidates(planned, self.request):
            raise Refused(
                f"The legacy cache of {planned.app} was replaced during the scan", "nothing was removed; purge again"
            )
        elif cache is not None:
            finding = replace(finding, cache=planned.cache)  # it was not due when the purge was planned
        decision = decide(finding, self.request)
        decision = replace(decision, targets=tuple(one for one in decision.targets if one.identity in scans))
        if not decision.targets and decision.kept is not None:
            raise refusal(decision, self.request)
        return decision

    def _refuse_changes(self, directory: AppDirectory, cache: Entry, scan: Scan) -> None:
        """Scan the cache again right before it is renamed: what came before took time, and files may be new."""
        refuse_deploy(self.environment, directory.app, self.request)
        try:
            now = self._scan_entry(directory, cache)
        except OSError as error:
            raise _changed(directory.app) from error
        if now != scan:
            raise _changed(directory.app)

    def _remove(self, directory: AppDirectory, decision: Decision, scans: Mapping[Identity, Scan]) -> Outcome:
        removed = sum((scans[entry.identity] for entry in decision.targets), Scan())
        step = self.watcher.deleting(decision.app, removed)
        begun = time.monotonic()
        for entry in decision.targets:
            if scans[entry.identity].is_empty and not entry.is_trash:
                remove_empty(directory, entry)
            else:
                self._delete(directory, entry, scans[entry.identity], step)
        seconds = time.monotonic() - begun
        is_gone = decision.finding.is_ghost and decision.kept is None and remove_ghost(directory)
        sizes = [entry.original_size or scans[entry.identity].size for entry in decision.targets]
        total = sum(size for size, _ in sizes), sum(files for _, files in sizes)
        return Outcome(decision, removed, seconds, is_gone, total)

    def _delete(self, directory: AppDirectory, entry: Entry, scan: Scan, step: Step) -> None:
        """Delete trash, or a cache: rename it to trash, so that nothing finds it by its name, and check it again.

        Whatever ends this early, the rename is undone unless something was deleted.
        """
        trash, is_checked = entry, entry.is_trash
        if not is_checked:
            # What deleting needs is prepared while everything is unchanged.
            self._helper(directory.app).prepare()
            self._refuse_changes(directory, entry, scan)
            trash = Entry(app_directory.new_trash_name(scan), entry.identity)
        try:
            if not is_checked:
                with held_back():
                    set_aside(directory, entry, trash)
                self._refuse_uses(directory)
                is_checked = True
            delete_trash(directory, trash, self._helper(directory.app), step)
        except BaseException as error:
            failure = error

            def undo() -> BaseException:
                """Undo the rename if nothing was deleted, and return the error that says what is left."""
                may_undo = not is_checked or (
                    not entry.is_trash and not step.entries and self._is_untouched(directory, trash, scan, failure)
                )
                if may_undo and put_back(directory, trash):
                    return _rolled_back(directory.app, failure)
                return (_interrupted if is_checked else _kept)(directory, trash, failure)

            outcome = None
            try:
                with held_back():
                    outcome = undo()
            except Interrupted:  # it says less than the outcome; from now on signals are ignored
                outcome = outcome or undo()
            if outcome is error:
                raise
            raise outcome from error

    def _refuse_uses(self, directory: AppDirectory) -> None:
        references = Surveyor(self.environment, self.engine, self.request.visible).uses_after_rename(directory)
        if references:
            state = "is in use" if references.uses else "may be in use"
            hint = references.hint or "nothing was removed; purge again when it is no longer used"
            raise Refused(f"The legacy cache of {directory.app} {state}: {references.text}", hint)

    def _is_untouched(self, directory: AppDirectory, trash: Entry, scan: Scan, error: BaseException) -> bool:
        """Return whether nothing was deleted: a scan gives the same as before. No helper is running."""
        if isinstance(error, NotStarted | MayContinue):
            return isinstance(error, NotStarted)
        try:
            if isinstance(error, Interrupted):  # perhaps while the helper was being removed
                self._helper(directory.app).remove_stale()
            now = self._scan_entry(directory, trash)
        except Exception:  # noqa: BLE001 - what is not known counts as deleted
            return False
        return (now.entries, now.size_bytes) == (scan.entries, scan.size_bytes)

    def _helper(self, app: str) -> Helper:
        roots = (self.environment.root, self.environment.host_root)
        return Helper(self.engine, app, *roots, is_gentle=self.request.is_gentle)


def _changed(app: str) -> Refused:
    return Refused(f"The legacy cache of {app} changed during the purge", "nothing was removed; purge again later")


def _cannot_be(done: str, directory: AppDirectory, error: OSError) -> Refused:
    if error.errno in {errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST}:
        return _changed(directory.app)
    hint = os_error_hint(error, f"check that the dokku user can write to {directory.path}, then purge again")
    return Refused(f"The legacy cache of {directory.app} cannot be {done} ({error.strerror})", hint)


def _rolled_back(app: str, error: BaseException) -> BaseException:
    if isinstance(error, Refused):
        return error
    if isinstance(error, Interrupted):
        return Interrupted(f"Interrupted. The legacy cache of {app} was not removed")
    return RolledBack(f"The legacy cache of {app} was not removed: {_text(error)}", getattr(error, "hint", ""))


def _kept(directory: AppDirectory, trash: Entry, error: BaseException) -> BaseException:
    """Give a cache that may not be removed, and whose name is taken, a name that no purge removes."""
    name, hint = trash.name.replace(TRASH_PREFIX, KEPT_PREFIX), "Inspect it, and move it back or remove it manually"
    try:
        os.rename(trash.name, name, src_dir_fd=directory.fd, dst_dir_fd=directory.fd)
    except OSError:
        name, hint = trash.name, "Move it to another name now, because the next purge removes it"
    where = f"its directory is now {os.path.join(directory.path, name)}, because its name could not be restored"
    if isinstance(error, Interrupted):
        return Interrupted(f"Interrupted. The legacy cache of {directory.app} was not removed; {where}. {hint}")
    return Refused(f"{_text(error)}; {where}", hint)


def _interrupted(directory: AppDirectory, trash: Entry, error: BaseException) -> BaseException:
    app, resume = directory.app, f"to remove the rest, run 'dokku cache:purge-legacy {directory.app}'"
    if isinstance(error, Interrupted):
        if not os.path.lexists(os.path.join(directory.path, trash.name)):
            return Interrupted(f"Interrupted. The legacy cache of {app} is already removed")
        return Interrupted(f"Interrupted. The legacy cache of {app} is not completely removed", resume)
    if isinstance(error, PartlyRemoved):
        return error
    message = f"The legacy cache of {app} is not completely removed: {_text(error)}"
    return PartlyRemoved(message, getattr(error, "hint", "") or resume)


def _text(error: BaseException) -> str:
    if isinstance(error, CacheError):
        return str(error)
    return (error.strerror if isinstance(error, OSError) else None) or f"{type(error).__name__}: {error}"


def set_aside(directory: AppDirectory, cache: Entry, trash: Entry) -> None:
    """Rename a legacy cache to trash. Raises Refused, also when it was replaced, and then undoes the rename."""
    try:
        os.rename(cache.name, trash.name, src_dir_fd=directory.fd, dst_dir_fd=directory.fd)
    except OSError as error:
        raise _cannot_be("renamed", directory, error) from error
    if Identity.of(os.stat(trash.name, dir_fd=directory.fd, follow_symlinks=False)) != cache.identity:
        refused = Refused(
            f"{cache.name} was replaced during the purge", "nothing was removed; inspect it, then purge again"
        )
        raise refused if put_back(directory, trash) else _kept(directory, trash, refused)


def remove_empty(directory: AppDirectory, cache: Entry) -> None:
    """Remove an empty legacy cache with ``rmdir``, which fails if anything was written to it. Raises Refused."""
    if cache.is_trash:
        raise ValueError(f"not a cache: {cache.name}")
    try:
        os.rmdir(cache.name, dir_fd=directory.fd)
    except OSError as error:
        raise _cannot_be("removed", directory, error) from error


def put_back(directory: AppDirectory, trash: Entry) -> bool:
    """Undo the rename if it was done, and return whether it is undone. If a new cache exists, neither is touched."""
    try:
        names = os.listdir(directory.fd)
        if trash.name in names and CACHE_NAME not in names:
            os.rename(trash.name, CACHE_NAME, src_dir_fd=directory.fd, dst_dir_fd=directory.fd)
    except OSError:
        return False
    return trash.name not in names or CACHE_NAME not in names


def delete_trash(directory: AppDirectory, trash: Entry, helper: Helper, progress: Progress) -> None:
    """Delete trash, and check afterwards that it is gone. Raises PartlyRemoved when something is left."""
    if not trash.is_trash:
        raise ValueError(f"not trash: {trash.name}")
    if trash.name in os.listdir(directory.fd):
        _refuse_mounts(directory, trash)
        helper.delete(os.path.join(directory.path, trash.name), trash.identity, progress)
    _remove_top(directory, trash)


def _refuse_mounts(directory: AppDirectory, trash: Entry) -> None:
    """Look for mounts right before the helper deletes in another mount namespace.

    There, a directory that is a mount point here can be removed, and the kernel then unmounts it (rmdir(2); Linux
    3.18: "vfs: Lazily remove mounts on unlinked files and directories").
    """
    inner = mounted_at_or_below(os.path.join(directory.real_path(), trash.name), read_mounts())
    if inner is not None:
        raise PartlyRemoved(
            f"a file system was mounted at {inner.mount_point} during the purge", "unmount it, then purge again"
        )


def _remove_top(directory: AppDirectory, trash: Entry) -> None:
    path = os.path.join(directory.path, trash.name)
    try:
        os.rmdir(trash.name, dir_fd=directory.fd)
    except FileNotFoundError:
        pass
    except OSError as error:
        hint = os_error_hint(error, "check what it contains, then purge again")
        raise PartlyRemoved(f"{path} could not be deleted completely ({error.strerror})", hint) from error
    if trash.name in os.listdir(directory.fd):
        raise PartlyRemoved(f"{path} is still there", "purge again")


def remove_ghost(directory: AppDirectory) -> bool:
    """Remove a ghost app's directory with ``rmdir``, which fails if it is not empty. Return whether it is gone."""
    if not directory.still_named():
        return False
    try:
        os.rmdir(directory.app, dir_fd=directory.root_fd)
    except OSError:
        return False
    return True
