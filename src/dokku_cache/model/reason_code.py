"""Why a cache is in its state, for programs: codes that stay the same when the sentences get better words."""

from enum import Enum


class ReasonCode(Enum):
    """One reason. A code is never given another meaning; docs/formats.md has them all with what they mean."""

    # What lets a directory go, or go by hand.
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
    # It is no plain directory.
    SYMLINK = "symlink"
    NOT_A_DIRECTORY = "not-a-directory"
    MOUNT_POINT = "mount-point"
    MOUNT_BELOW = "mount-below"
    MOUNT_NOT_RESPONDING = "mount-not-responding"
    OTHER_FILE_SYSTEM = "other-file-system"
    UNREADABLE = "unreadable"
    SCAN_FAILED = "scan-failed"
    # Somebody uses it.
    MOUNTED_BY_CONTAINER = "mounted-by-container"
    BOUND_BY_VOLUME = "bound-by-volume"
    MOUNTED_ELSEWHERE = "mounted-elsewhere"
    IN_DOCKER_OPTIONS = "in-docker-options"
    IN_STORAGE_ENTRY = "in-storage-entry"
    IN_NGINX_CONFIG = "in-nginx-config"
    # It cannot be found out who uses it.
    DOCKER_UNAVAILABLE = "docker-unavailable"
    DOCKER_OPTIONS_UNREADABLE = "docker-options-unreadable"
    PATH_WITH_VARIABLE = "path-with-variable"
    PATH_UNREADABLE = "path-unreadable"
    # It might go, and does not now.
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
