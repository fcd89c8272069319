"""The states of a cache with their reasons, and requests to remove caches."""

from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """The state of a cache, or of what an interrupted purge left. Only volumes are live or stale (an old key)."""

    ABSENT = "absent"
    UNSAFE = "unsafe"
    ACTIVE = "active"
    IN_USE = "in-use"
    UNKNOWN = "unknown"
    INTERRUPTED = "interrupted"
    UNVERIFIED = "unverified"
    RECREATED = "recreated"
    RECENT = "recent"
    ORPHANED = "orphaned"
    LIVE = "live"
    STALE = "stale"


class Initiator(Enum):
    """What started a removal. The history records it."""

    MANUAL = "manual"
    DEPLOY = "deploy"
    DESTROY = "destroy"
    RENAME = "rename"
    UPGRADE = "upgrade"
    CRON = "cron"
    LOW_DISK = "low-disk"

    @property
    def is_automatic(self) -> bool:
        """Return whether no person asked for this removal."""
        return self not in {Initiator.MANUAL, Initiator.DESTROY}


@dataclass(frozen=True)
class Request:
    """One request to remove caches. The defaults allow the least.

    ``is_named``: a person named the app on the command line. ``is_confirmed``: the person also used --force or typed
    the app's name. ``is_policy``: the automatic policy applies, also if a person asked for it. ``auto_purge``: the
    property of the app, for the policy only. ``in_deploy``: the caller is part of a deploy or a destroy of the app,
    which holds the deploy lock. ``is_over_limit``: the volumes of the app exceed ``max-size``. ``visible``: the apps
    that the caller may see, None for all; reasons say nothing about any other app.
    """

    initiator: Initiator
    is_named: bool = False
    is_confirmed: bool = False
    auto_purge: bool = False
    is_policy: bool = False
    in_deploy: bool = False
    is_over_limit: bool = False
    visible: frozenset[str] | None = None

    @property
    def is_automatic(self) -> bool:
        """Return whether the automatic policy decides, so that keeping a cache is not a failure."""
        return self.is_policy or self.initiator.is_automatic

    @property
    def is_gentle(self) -> bool:
        """Return whether the removal has to yield to everything else. A build that waits for free space does not."""
        return self.initiator in {Initiator.DEPLOY, Initiator.UPGRADE, Initiator.CRON}


class ReasonCode(Enum):
    """One reason. The meaning of a code never changes; docs/formats.md explains each."""

    # It is removable, or removable manually.
    UNUSED_BY_DOKKU = "unused-by-dokku"
    PURGE_INTERRUPTED = "purge-interrupted"
    RECENTLY_MODIFIED = "recently-modified"
    TIMESTAMP_IN_FUTURE = "timestamp-in-future"
    RECREATED_BY_TASKS = "recreated-by-tasks"
    # Dokku may still use it.
    DOKKU_TOO_OLD = "dokku-too-old"
    VERSION_UNKNOWN = "dokku-version-unknown"
    # It is not verified to be a build cache.
    UNEXPECTED_FILES = "unexpected-files"
    APP_MAY_EXIST = "app-may-exist"
    NOT_AN_APP_DIRECTORY = "not-an-app-directory"
    APP_STATUS_UNKNOWN = "app-status-unknown"
    UNEXPECTED_LAYOUT = "unexpected-layout"
    UNEXPECTED_OWNER = "unexpected-owner"
    INVALID_APP_NAME = "invalid-app-name"
    # It is not a plain directory.
    SYMLINK = "symlink"
    NOT_A_DIRECTORY = "not-a-directory"
    MOUNT_POINT = "mount-point"
    MOUNT_BELOW = "mount-below"
    MOUNT_NOT_RESPONDING = "mount-not-responding"
    OTHER_FILE_SYSTEM = "other-file-system"
    UNREADABLE = "unreadable"
    SCAN_FAILED = "scan-failed"
    # It is in use.
    MOUNTED_BY_CONTAINER = "mounted-by-container"
    BOUND_BY_VOLUME = "bound-by-volume"
    MOUNTED_ELSEWHERE = "mounted-elsewhere"
    IN_DOCKER_OPTIONS = "in-docker-options"
    IN_STORAGE_ENTRY = "in-storage-entry"
    IN_NGINX_CONFIG = "in-nginx-config"
    # Whether it is in use cannot be determined.
    DOCKER_UNAVAILABLE = "docker-unavailable"
    DOCKER_OPTIONS_UNREADABLE = "docker-options-unreadable"
    PATH_WITH_VARIABLE = "path-with-variable"
    PATH_UNREADABLE = "path-unreadable"
    # It is removable, and kept by a setting.
    AUTO_PURGE_OFF = "auto-purge-off"
    # Volumes.
    USED_BY_BUILDS = "used-by-builds"
    APP_DESTROYED = "app-destroyed"
    NO_LABEL = "no-label"
    OWNER_UNKNOWN = "owner-unknown"
    NOT_LOCAL = "not-local"
    USAGE_UNKNOWN = "usage-unknown"
    APP_EXISTS_ELSEWHERE = "app-exists-elsewhere"
    AGE_UNKNOWN = "age-unknown"
    RECENTLY_CREATED = "recently-created"
    OLD_PACK_KEY = "old-pack-key"
    # BuildKit as a container.
    BUILDKIT_RUNNING = "buildkit-running"
    BUILDKIT_STOPPED = "buildkit-stopped"
    BUILDER_REMOVED = "builder-removed"
