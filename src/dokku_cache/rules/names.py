"""The names that Dokku creates in an app's directory, and that buildpacks create at the top of a build cache.

Dokku's: what the plugins of dokku/dokku at v0.20.4 to v0.38.27 write below ``$DOKKU_ROOT/$APP``. Upgraded apps keep
files of older versions. The names of a git repository are left out: an app that has them also has ``HEAD``.

Buildpacks': from the histories of the buildpacks in herokuish 0.3.0 to 0.11.14, which got the cache unchanged
(gliderlabs/herokuish, include/buildpack.bash), and from dokku/dokku#2711, #3418 and #7685.
"""

import re
from collections.abc import Mapping

from dokku_cache.model.location import OtherFile

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


def is_created_by_dokku_only(file: OtherFile) -> bool:
    """Return whether only Dokku creates a file of this name. No directory name qualifies."""
    return not file.is_directory and (file.name in _DOKKU_FILES or bool(_DOKKU_FILE.fullmatch(file.name)))


def is_created_by_dokku(file: OtherFile) -> bool:
    """Return whether Dokku, or one of its official plugins, creates a file or directory of this name."""
    if file.is_directory:
        return file.name in _COMMON_DIRECTORIES
    return is_created_by_dokku_only(file) or file.name in _COMMON_FILES or bool(_SED_FILE.fullmatch(file.name))


#: Only buildpacks use these names.
_BUILDPACK_NAMES = frozenset(
    {
        *("buildcache",),  # dokku/dokku#7685
        *("node-version", "npm-version", "yarn-cache", "pnpm_prune_store_counter", "phoenix-static"),  # nodejs
        *(".heroku", "bpwatch.json", "tmp_app_dir", "pip_downloads"),  # python
        *("go-path", "go-build-cache", "godep", "govendor", "mattesMigrate", ".jq", ".tq"),  # go
        *(".maven", "removeM2Cache"),  # java
        ".gradle-project",  # gradle
        *(".sbt_home", "ivy_home", "coursier_home", "sbt_boot", "sbt_global", "sbt-launcher"),  # scala, play
        *(".grails_cache", "jettyVersion", "webappRunnerVersion"),  # grails
        "clojure-bp-apt",  # clojure
        *("php_version", "nginx_version", "hhvm_version", "apache2_version"),  # php
        *("heroku-buildpack-elixir", "deps_backup", "build_backup"),  # elixir
    }
)
_BUILDPACK_PATTERN = re.compile(
    r"(?:cedar|heroku)-[0-9]+"  # ruby has one directory per stack
    r"|go[0-9]+(?:\.[0-9a-z]+)*|devel-[0-9a-f]+"  # go
    r"|leiningen-.*-standalone\.jar"  # clojure
    r"|(?:nginx|pcre|zlib)-[0-9.]+(?:\.tar\.gz)?"  # nginx
    r"|OTP-.*\.(?:zip|tgz|tar\.gz)|elixir.*\.zip"  # erlang, elixir
    r"|(?:node-v|meteor-).*\.tar\.gz"  # phoenix-static, meteor
)
#: Ordinary names that count as a buildpack's when they contain one of these names.
_BUILDPACK_CONTENT = {
    "apt": frozenset({"cache", "sources", "state"}),
    "bin": frozenset({".nginx-version", "nginx"}),
    # Cargo's home (The Cargo Book, "Cargo Home").
    "cargo": frozenset(
        {".crates.toml", ".crates2.json", ".global-cache", ".package-cache", "bin", "env", "git", "registry"}
    ),
    "lib": frozenset({"python2.7"}),
    "meteor": frozenset({".meteor"}),
    "node": frozenset(
        {"bower_components", "cache", "node-version", "node_modules", "npm-version", "signature", "yarn-cache"}
    ),
    "php": frozenset({".composer", "composer"}),
    "project": frozenset({"boot", "target"}),
    "target": frozenset({"resolution-cache", "streams"}),
    "vendor": frozenset({"bundle", "heroku", "ruby"}),
}
#: Names that buildpacks use, and other programs too. They neither prove a build cache nor rule one out.
_COMMON_NAMES = frozenset(
    {
        *("node_modules", "bower_components", ".bundle", ".m2", ".gradle", ".sbt", ".coursier", ".ivy2", "ivy-cache"),
        *(".play", ".grails", ".lein", ".composer", ".mix", ".hex", ".apt", "multirust"),
        *("app", "cedar", "dep", "experiments", "features", "gb", "github.com", "glide", "heroku", "hg", "pip"),
        *("build-data", "metrics-data"),  # several of Heroku's
        *("public", "sigil", "stack", "system.properties", "tmp", "venv", "www"),
        *_BUILDPACK_CONTENT,
    }
)
#: Shared directories of apps, with uploads, have these names too.
_NAMES_OF_DATA = frozenset({"app", "experiments", "features", "public", "stack", "tmp", "www"})


def unexpected_names(names: Mapping[str, frozenset[str]]) -> list[str]:
    """Give the top-level names, sorted, that no buildpack creates.

    ``names``: top-level names, each with the names inside it where it is ambiguous (tree.worker.AMBIGUOUS_NAMES).
    """
    return sorted(name for name in names if not _is_buildpack_name(name) and name not in _COMMON_NAMES)


def buildpack_names(names: Mapping[str, frozenset[str]]) -> list[str]:
    """Give the top-level names, sorted, that only buildpacks create. ``names`` as above.

    An ordinary name counts if a buildpack creates everything in it, but not next to a name that data has too.
    """
    certain = [name for name in names if _is_buildpack_name(name)]
    if not certain and names.keys() & _NAMES_OF_DATA:
        return []
    known = [name for name, inner in names.items() if inner and inner <= _BUILDPACK_CONTENT.get(name, frozenset())]
    return sorted([*certain, *known])


def _is_buildpack_name(name: str) -> bool:
    return name in _BUILDPACK_NAMES or bool(_BUILDPACK_PATTERN.fullmatch(name))
