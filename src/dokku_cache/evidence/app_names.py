"""The names that Dokku keeps in an app's directory, from 0.20 to 0.38 and before.

Collected from the plugins of dokku/dokku at v0.20.4, v0.21.4, v0.22.0, v0.24.10, v0.27.0, v0.30.11, v0.31.0,
v0.33.9, v0.34.0, v0.35.18, v0.36.11, v0.37.10 and v0.38.27: whatever they put below ``$DOKKU_ROOT/$APP``. Versions
before 0.20 left names that an app which was only ever upgraded still has.

A git repository's names (``config``, ``logs``, ``hooks``, ...) are left out on purpose: an app that has them has
``HEAD`` too, and a folder of somebody's with ``cache``, ``config`` and ``logs`` in it is an ordinary thing.
"""

import re

#: Of the repository that an app's directory is since 0.24.0 (plugins/git/post-create), and was from its first push
# on.
HEAD = "HEAD"
#: Names that nothing but Dokku gives to a file, and the plugin that does.
TELLING_FILES = frozenset(
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
        "URLS",  # nginx-vhosts, before 0.23; the removal by later versions does not work (plugins/domains/install)
        "VHOST",  # domains
    }
)
#: One a process: ``CONTAINER.web.1``.
TELLING_FILE = re.compile(r"(?:CONTAINER|IP|PORT)\.[A-Za-z0-9_-]+\.[0-9]+")
#: What Dokku and its official plugins keep there too, under names that other people use as well.
OTHER_FILES = frozenset(
    {
        ".build.lock",  # git, before 0.6
        ".deploy.lock",  # common, before 0.34.0
        "IP",  # network
        "PORT",  # network
        "REDIRECTS",  # dokku-redirect
        "URL",  # nginx-vhosts, 0.2
        "htpasswd",  # dokku-http-auth
        "nginx.conf",  # nginx-vhosts; the folder of any container with an nginx has one
        "nginx.conf.template",  # put there for nginx-vhosts, before 0.5
        "nginx.ssl.conf.template",
        "src.tar",  # tar, before 0.26
    }
)
OTHER_DIRECTORIES = frozenset(
    {
        "acl",  # dokku-acl
        "letsencrypt",  # dokku-letsencrypt
        "maintenance",  # dokku-maintenance
        "nginx.conf.d",  # nginx-vhosts
        "tls",  # certs
    }
)
#: What ``sed -i`` leaves when it is killed; Dokku uses it on several of these files.
OTHER_FILE = re.compile(r"sed[A-Za-z0-9]{6}")


def is_telling(name: str, *, is_directory: bool) -> bool:
    """Tell whether an entry of this name and kind is Dokku's, and nobody else's. No directory's name is."""
    return not is_directory and (name in TELLING_FILES or bool(TELLING_FILE.fullmatch(name)))


def is_known(name: str, *, is_directory: bool) -> bool:
    """Tell whether Dokku, or a plugin of its own organisation, keeps an entry of this name and kind there."""
    if is_directory:
        return name in OTHER_DIRECTORIES
    others = name in OTHER_FILES or bool(OTHER_FILE.fullmatch(name))
    return others or is_telling(name, is_directory=is_directory)
