"""The names that Dokku creates in an app's directory.

Collected from the plugins of dokku/dokku at v0.20.4 to v0.38.27: whatever they write below ``$DOKKU_ROOT/$APP``.
Files of older versions stay in apps that were only ever upgraded.

The names of a git repository (``config``, ``logs``, ``hooks``, ...) are left out: an app that has them also has
``HEAD``, and other directories contain such names too.
"""

import re

#: Part of the git repository that an app's directory is since 0.24.0 (plugins/git/post-create).
HEAD = "HEAD"
#: File names that only Dokku uses, with the plugin that creates them.
_DOKKU_FILES = frozenset(
    {
        "CONTAINER",  # scheduler-docker-local
        "DOCKERFILE_ENV_FILE",  # config, before 0.11
        "DOCKER_OPTIONS",  # dyson/dokku-docker-options, before 0.3.17
        "DOCKER_OPTIONS_BUILD",  # docker-options, before 0.38
        "DOCKER_OPTIONS_BUILD.migrated",  # docker-options, 0.38.0 to 0.38.5
        "DOCKER_OPTIONS_DEPLOY",
        "DOCKER_OPTIONS_DEPLOY.migrated",
        "DOCKER_OPTIONS_RUN",
        "DOCKER_OPTIONS_RUN.migrated",
        "DOKKU_PROCFILE",  # ps, before 0.22
        "DOKKU_SCALE",  # ps, before 0.25
        "DOKKU_SCALE.extracted",
        "ENV",  # config, before 0.38
        "ENV.migrated",
        "PERSISTENT_STORAGE",  # dyson/dokku-persistent-storage
        "URLS",  # nginx-vhosts, before 0.23
        "VHOST",  # domains
    }
)
#: One per process: ``CONTAINER.web.1``.
_DOKKU_FILE = re.compile(r"(?:CONTAINER|IP|PORT)\.[A-Za-z0-9_-]+\.[0-9]+")
#: File names that Dokku and its official plugins use, and other programs too.
_COMMON_FILES = frozenset(
    {
        ".build.lock",  # git, before 0.6
        ".deploy.lock",  # common, before 0.34.0
        "IP",  # network
        "PORT",  # network
        "REDIRECTS",  # dokku-redirect
        "URL",  # nginx-vhosts, 0.2
        "htpasswd",  # dokku-http-auth
        "nginx.conf",  # nginx-vhosts
        "nginx.conf.template",  # nginx-vhosts, before 0.5
        "nginx.ssl.conf.template",
        "src.tar",  # tar, before 0.26
    }
)
_COMMON_DIRECTORIES = frozenset(
    {
        "acl",  # dokku-acl
        "letsencrypt",  # dokku-letsencrypt
        "maintenance",  # dokku-maintenance
        "nginx.conf.d",  # nginx-vhosts
        "tls",  # certs
    }
)
#: Left by a killed ``sed -i``, which Dokku runs on several of these files.
_SED_FILE = re.compile(r"sed[A-Za-z0-9]{6}")


def is_created_by_dokku_only(name: str, *, is_directory: bool) -> bool:
    """Tell whether only Dokku creates an entry of this name and kind. No directory name qualifies."""
    return not is_directory and (name in _DOKKU_FILES or bool(_DOKKU_FILE.fullmatch(name)))


def is_created_by_dokku(name: str, *, is_directory: bool) -> bool:
    """Tell whether Dokku, or one of its official plugins, creates an entry of this name and kind."""
    if is_directory:
        return name in _COMMON_DIRECTORIES
    is_common = name in _COMMON_FILES or bool(_SED_FILE.fullmatch(name))
    return is_common or is_created_by_dokku_only(name, is_directory=is_directory)
