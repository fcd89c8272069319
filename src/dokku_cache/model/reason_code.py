"""Codes for the reason of a state. Programs may rely on them; the sentences may change."""

from enum import Enum


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
