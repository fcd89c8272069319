"""Why a cache is in its state, for programs: codes that stay the same when the sentences get better words."""

from enum import Enum


class ReasonCode(Enum):
    """One reason. A code is never given another meaning; docs/formats.md has them all with what they mean."""

    # What lets a directory go, or go by hand.
    GIVEN_UP = "given-up-by-dokku"
    CUT_SHORT = "purge-cut-short"
    NOT_QUIET = "not-quiet"
    TASKS_MAKE_IT = "tasks-make-it-again"
    # Dokku may still use it.
    DOKKU_TOO_OLD = "dokku-too-old"
    VERSION_UNKNOWN = "dokku-version-unknown"
    # It is not certain that it lies in an app, or that builds wrote it.
    FOREIGN_NEIGHBOUR = "foreign-neighbour"
    NO_SIGN_OF_DOKKU = "no-sign-of-dokku"
    LIFE_UNKNOWN = "app-life-unknown"
    FOREIGN_LAYOUT = "foreign-layout"
    FOREIGN_OWNER = "foreign-owner"
    NO_APP_NAME = "no-app-name"
    # It is no plain directory.
    SYMLINK = "symlink"
    NOT_A_DIRECTORY = "not-a-directory"
    MOUNT_POINT = "mount-point"
    MOUNT_BELOW = "mount-below"
    MOUNT_SILENT = "mount-silent"
    OTHER_FILE_SYSTEM = "other-file-system"
    UNREADABLE = "unreadable"
    # Somebody uses it.
    CONTAINER_MOUNTS = "container-mounts"
    VOLUME_BOUND = "volume-bound"
    MOUNTED_ELSEWHERE = "mounted-elsewhere"
    DOCKER_OPTION_NAMES = "docker-option-names"
    STORAGE_ENTRY_NAMES = "storage-entry-names"
    NGINX_NAMES = "nginx-names"
    # It cannot be found out who uses it.
    ENGINE_SILENT = "engine-silent"
    OPTIONS_UNREADABLE = "options-unreadable"
    PATH_NOT_WRITTEN_OUT = "path-not-written-out"
    PATH_HIDDEN = "path-hidden"
    # It might go, and does not now.
    AUTO_PURGE_OFF = "auto-purge-off"
    # Volumes.
    APP_BUILDS = "app-builds"
    APP_GONE = "app-gone"
    NO_LABEL = "no-label"
    OWNER_UNKNOWN = "owner-unknown"
    NOT_LOCAL = "not-local"
    USERS_UNKNOWN = "users-unknown"
    APP_LIVES_ELSEWHERE = "app-lives-elsewhere"
    AGE_UNKNOWN = "age-unknown"
    TOO_YOUNG = "too-young"
    FORMER_KEY = "former-key"
    # BuildKit as a container.
    BUILDKIT_RUNS = "buildkit-runs"
    BUILDKIT_STOPPED = "buildkit-stopped"
    BUILDER_GONE = "builder-gone"
