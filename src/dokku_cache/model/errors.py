"""The one family of errors, the exit codes that Dokku's users see, and signals as interrupts."""

import errno
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType


class ExitCode(IntEnum):
    """Exit codes. Never 10, which Dokku reads as "not my command"."""

    OK = 0
    FAILED = 1
    PARTLY_REMOVED = 3
    #: Only for trigger pre-build, which distinguishes it from a failure of the plugin.
    DEPLOY_REFUSED = 4
    NO_SUCH_APP = 20


#: Dokku's own words (0.38.27, plugins/common: IsValidAppName).
INVALID_APP_NAME = (
    "App name must begin with lowercase alphanumeric character, "
    "and may only contain lowercase alphanumerics, dots, and hyphens"
)
#: On btrfs and ZFS, renaming and deleting need a little space themselves.
NO_SPACE_TO_DELETE_HINT = (
    "free a little space on the same file system first, for example old logs with "
    "'sudo journalctl --vacuum-size=50M', or raise the quota ('btrfs qgroup show', 'zfs get quota'); then purge again"
)
DISK_FAILS_HINT = "the disk is read-only or failing; check 'sudo dmesg', then purge again"
PROCESS_LIMIT_HINT = (
    "the limit of processes or the memory is used up; check 'ulimit -u', TasksMax and 'free -m', then try again"
)
IMMUTABLE_HINT = "remove the immutable attribute with 'sudo chattr -R -i', then purge again"
_HINTS = {
    errno.ENOSPC: NO_SPACE_TO_DELETE_HINT,
    errno.EDQUOT: NO_SPACE_TO_DELETE_HINT,
    errno.EROFS: DISK_FAILS_HINT,
    errno.EIO: DISK_FAILS_HINT,
    errno.EUCLEAN: DISK_FAILS_HINT,
    errno.EPERM: IMMUTABLE_HINT,
    errno.EXDEV: "another mount or project quota begins there; check 'findmnt' and 'lsattr -pd', then purge again",
    errno.EAGAIN: PROCESS_LIMIT_HINT,
    errno.ENOMEM: PROCESS_LIMIT_HINT,
    errno.EBUSY: "another file system is mounted there; find it with 'findmnt', unmount it, and purge again",
}


def os_error_hint(error: OSError, default: str = "") -> str:
    """Return what to do where the kernel refused a rename, a removal or a new process; ``default`` otherwise."""
    return _HINTS.get(error.errno or 0, default)


class CacheError(Exception):
    """A failure that is shown to a person. ``hint`` is what to do next, or empty."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(CacheError):
    """Wrong usage of a command."""


class AppNotFound(CacheError):
    """No such app, or no access to it: Dokku does not distinguish these."""

    exit_code = ExitCode.NO_SUCH_APP

    def __init__(self, app: str) -> None:
        super().__init__(f"App {app} does not exist", "list all apps with 'dokku apps:list'")


class Unknown(CacheError):
    """A fact that a decision needs could not be collected. The cache counts as in use."""


class Refused(CacheError):
    """A cache that may not be removed; the message gives the reason."""


class Unverified(Refused):
    """A directory that is not verified to be a build cache. Only a person who names its app can confirm it."""


class NotDue(Refused):
    """A cache that an automatic removal keeps, which is not a failure.

    ``state_and_reason``: the same without the name of the app.
    """

    def __init__(self, message: str, hint: str = "", *, state_and_reason: str = "") -> None:
        super().__init__(message, hint)
        self.state_and_reason = state_and_reason or message


class NotStarted(CacheError):
    """The helper container did not start. Nothing was changed."""


class MayContinue(Unknown):
    """The helper container could not be stopped. It may still delete."""


class RolledBack(CacheError):
    """Nothing could be deleted, and the rename of the cache was undone."""


class NotRemoved(CacheError):
    """A removal that was started did not finish. The history records it."""


class PartlyRemoved(NotRemoved):
    """A legacy cache was deleted in part. The next purge deletes the rest."""

    exit_code = ExitCode.PARTLY_REMOVED


class Interrupted(BaseException):
    """Ctrl-C, a hang-up or a termination signal. Not an Exception, so that no handler swallows it.

    ``hint`` is empty unless something is partly removed. The message says no more than is certain: this process may
    have removed other caches before.
    """

    def __init__(self, message: str = "Interrupted", hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.exit_code = ExitCode.PARTLY_REMOVED if hint else ExitCode.FAILED


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def interrupt_at_signals() -> None:
    """Raise Interrupted at a signal from now on. A hang-up that is ignored already stays ignored (nohup(1))."""
    for number in SIGNALS:
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    # Later signals must not interrupt the clean-up.
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise Interrupted


def was_interrupted() -> bool:
    """Return whether a signal was received, so that others are ignored."""
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN


@contextmanager
def held_back() -> Iterator[None]:
    """Delay signals until the end of the block, such as while Docker creates a container that only we remove.

    A signal mask would not do: the kernel may choose another thread, but Python runs handlers in the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    handlers = {number: signal.signal(number, lambda got, _: came.append(got)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        # One that is ignored, as after nohup(1), must not hide another; the first that is not raises Interrupted.
        for late in came:
            signal.raise_signal(late)
