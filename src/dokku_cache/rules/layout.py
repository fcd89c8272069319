"""The names that buildpacks create at the top of a build cache.

Dokku mounted the legacy cache at /cache, and herokuish passed it to each buildpack unchanged (gliderlabs/herokuish,
include/buildpack.bash). The names were collected from the histories of the buildpacks in herokuish 0.3.0 to 0.11.14
and from dokku/dokku#2711, #3418 and #7685.
"""

import re
from collections.abc import Mapping

#: Only buildpacks use these names.
_BUILDPACK_NAMES = frozenset(
    {
        *("buildcache",),  # dokku/dokku#7685
        *("build-data", "metrics-data"),  # several of Heroku's
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
_BUILDPACK_CONTENT: Mapping[str, frozenset[str]] = {
    "apt": frozenset({"cache", "sources", "state"}),
    "bin": frozenset({".nginx-version", "nginx"}),
    "cargo": frozenset({"registry"}),
    "lib": frozenset({"python2.7"}),
    "meteor": frozenset({".meteor"}),
    "node": frozenset({"bower_components", "cache", "node-version", "node_modules", "npm-version", "yarn-cache"}),
    "php": frozenset({".composer"}),
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
        *("public", "sigil", "stack", "system.properties", "tmp", "venv", "www"),
        *_BUILDPACK_CONTENT,
    }
)


def unexpected_names(names: Mapping[str, frozenset[str]]) -> list[str]:
    """Give the top-level names, sorted, that no buildpack creates.

    ``names``: top-level names, each with the names inside it where it is ambiguous (tree.scan.AMBIGUOUS_NAMES).
    """
    return sorted(name for name in names if not _is_buildpack_name(name) and name not in _COMMON_NAMES)


def buildpack_names(names: Mapping[str, frozenset[str]]) -> list[str]:
    """Give the top-level names, sorted, that only buildpacks create. ``names`` as above."""
    return sorted(
        name
        for name, inner in names.items()
        if _is_buildpack_name(name) or inner & _BUILDPACK_CONTENT.get(name, frozenset())
    )


def _is_buildpack_name(name: str) -> bool:
    return name in _BUILDPACK_NAMES or bool(_BUILDPACK_PATTERN.fullmatch(name))
