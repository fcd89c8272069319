"""The one family of errors, and the exit codes that Dokku's users see."""

import errno
from collections.abc import Mapping
from enum import IntEnum


class ExitCode(IntEnum):
    """What a door exits with. Never 10: Dokku reads that as "not my command"."""

    OK = 0
    FAILED = 1
    PARTLY_REMOVED = 3
    #: For trigger pre-build alone, which tells it from a failure of the plugin.
    DEPLOY_REFUSED = 4
    NO_SUCH_APP = 20


#: What each says, for the reference.
EXIT_MEANINGS = {
    ExitCode.OK: "done, or nothing to do; automatic runs also when caches are kept for a reason",
    ExitCode.FAILED: "refused, wrong usage, not confirmed, or failed; standard error has the reason",
    ExitCode.PARTLY_REMOVED: "partly removed; the next purge removes the rest",
    ExitCode.NO_SUCH_APP: "no such app, or no access to it; other named apps were processed",
}


#: On btrfs and ZFS, renaming and deleting need a little space themselves.
NO_SPACE_TO_DELETE_HINT = (
    "free a little space on the same file system first, for example old logs with "
    "'sudo journalctl --vacuum-size=50M', or raise the quota ('btrfs qgroup show', 'zfs get quota'); then purge again"
)
DISK_FAILS_HINT = "the disk is read-only or failing; check 'sudo dmesg', then purge again"
IMMUTABLE_HINT = "remove the immutable attribute with 'sudo chattr -R -i', then purge again"
_HINTS = {
    errno.ENOSPC: NO_SPACE_TO_DELETE_HINT,
    errno.EDQUOT: NO_SPACE_TO_DELETE_HINT,
    errno.EROFS: DISK_FAILS_HINT,
    errno.EIO: DISK_FAILS_HINT,
    errno.EUCLEAN: DISK_FAILS_HINT,
    errno.EPERM: IMMUTABLE_HINT,
    errno.EXDEV: "another mount or project quota begins there; check 'findmnt' and 'lsattr -pd', then purge again",
    errno.EBUSY: "another file system is mounted there; find it with 'findmnt', unmount it, and purge again",
}


def os_error_hint(error: OSError, default: str = "") -> str:
    """Return what to do where the kernel refused to rename or delete; ``default`` for all other reasons."""
    return _HINTS.get(error.errno or 0, default)


class CacheError(Exception):
    """A failure that a person is told about: a sentence, and what to do next.

    ``message`` becomes ``str(error)``. ``hint`` is the next step, or empty where there is none.
    """

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class UsageError(CacheError):
    """The command line asks for something that does not exist or does not go together."""


class AppNotFound(CacheError):
    """No such app, or none that this user may see: Dokku does not tell these apart."""

    exit_code = ExitCode.NO_SUCH_APP

    def __init__(self, app: str) -> None:
        super().__init__(f"App {app} does not exist", "list all apps with 'dokku apps:list'")


class InvalidAppName(CacheError):
    """A name that Dokku would not accept (0.38.27, plugins/common: IsValidAppName)."""

    def __init__(self) -> None:
        super().__init__(
            "App name must begin with lowercase alphanumeric character, "
            "and may only contain lowercase alphanumerics, dots, and hyphens"
        )


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


class RolledBack(CacheError):
    """Nothing could be deleted, and the rename of the cache was undone."""


class NotRemoved(CacheError):
    """A removal that was started did not finish. The history records it."""


class PartlyRemoved(NotRemoved):
    """A legacy cache was deleted in part. The next purge deletes the rest."""

    exit_code = ExitCode.PARTLY_REMOVED


class PackageMissing(CacheError):
    """A Debian package that the plugin's ``install`` brings is not there."""

    def __init__(self, package: str) -> None:
        super().__init__(
            f"The Python package {package} is missing",
            "run 'sudo dokku plugin:install-dependencies'",
        )


class PackageHidden(CacheError):
    """A package is there, but cannot be used, as with another version of what it needs.

    ``strangers``: the loaded modules that are not the distribution's, each with its file; they are the likely cause.
    """

    def __init__(self, package: str, cause: str, strangers: Mapping[str, str]) -> None:
        hidden = "; ".join(f"{file} shadows the distribution's {name}" for name, file in strangers.items())
        super().__init__(
            f"The Python package {package} cannot be used ({cause})" + (f": {hidden}" if hidden else ""),
            f"remove the other copy with 'sudo /usr/bin/python3 -m pip uninstall {' '.join(strangers)}'"
            if hidden
            else f"reinstall it with 'sudo apt-get install --reinstall python3-{package}'",
        )


class Interrupted(BaseException):
    """Ctrl-C, a hang-up or a termination signal. Not an Exception, so that nothing swallows it.

    ``hint`` is empty as long as nothing was begun.
    """

    def __init__(self, message: str = "Interrupted. Nothing was changed", hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
