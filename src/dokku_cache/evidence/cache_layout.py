"""The names at the top of a cache that buildpacks leave there.

Dokku mounts the legacy cache at /cache, and herokuish hands that on to each buildpack unchanged
(gliderlabs/herokuish, include/buildpack.bash), so these lie in it side by side. Collected from the histories of the
buildpacks that herokuish 0.3.0 to 0.11.14 carried, each named behind its names, and from dokku/dokku#7685.
"""

import re
from collections.abc import Mapping

_TELLING = frozenset(
    {
        *("buildcache",),  # seen at users of dokku/dokku#7685
        *("build-data", "metrics-data"),  # several of Heroku's
        ".bundle",  # ruby, with stacks by the pattern below
        *("node", "node_modules", "node-version", "npm-version", "bower_components", "yarn-cache"),  # nodejs
        *("pnpm_prune_store_counter", "phoenix-static"),
        *(".heroku", "bpwatch.json", "tmp_app_dir", "pip_downloads"),  # python
        *("go-path", "go-build-cache", "godep", "govendor", "mattesMigrate", ".jq", ".tq"),  # go
        *(".m2", ".maven", "removeM2Cache"),  # java, clojure
        *(".gradle", ".gradle-project"),  # gradle
        *(".sbt_home", ".sbt", ".coursier", ".ivy2", "ivy_home", "coursier_home"),  # scala, play
        *("sbt_boot", "sbt_global", "sbt-launcher", ".play"),
        *(".grails", ".grails_cache", "ivy-cache", "jettyVersion", "webappRunnerVersion"),  # grails
        *("clojure-bp-apt", ".lein"),  # clojure
        *(".composer", "php_version", "nginx_version", "hhvm_version", "apache2_version"),  # php, nginx
        *("heroku-buildpack-elixir", "deps_backup", "build_backup", ".mix", ".hex"),  # elixir
        *(".apt", "multirust"),  # apt, rust
    }
)
_TELLING_PATTERN = re.compile(
    r"(?:cedar|heroku)-[0-9]+"  # ruby keeps one directory a stack
    r"|go[0-9]+(?:\.[0-9a-z]+)*|devel-[0-9a-f]+"  # go
    r"|leiningen-.*-standalone\.jar"  # clojure
    r"|(?:nginx|pcre|zlib)-[0-9.]+(?:\.tar\.gz)?"  # nginx
    r"|OTP-.*\.(?:zip|tgz|tar\.gz)|elixir.*\.zip"  # erlang, elixir
    r"|(?:node-v|meteor-).*\.tar\.gz"  # phoenix-static, meteor
)
#: Ordinary words, which buildpacks use too, and what in such a directory tells that it is theirs.
PROVEN_BY: Mapping[str, frozenset[str]] = {
    "apt": frozenset({"cache", "sources", "state"}),
    "bin": frozenset({".nginx-version", "nginx"}),
    "cargo": frozenset({"registry"}),
    "lib": frozenset({"python2.7"}),
    "meteor": frozenset({".meteor"}),
    "php": frozenset({".composer"}),
    "project": frozenset({"boot", "target"}),
    "public": frozenset({"assets"}),
    "target": frozenset({"resolution-cache", "streams"}),
    "vendor": frozenset({"bundle", "heroku", "ruby"}),
}
#: Ordinary words that tell nothing by themselves, and speak against nothing beside a name that does.
_NEUTRAL = frozenset(
    {
        *(
            "app",
            "cedar",
            "dep",
            "experiments",
            "features",
            "gb",
            "github.com",
            "glide",
            "heroku",
            "hg",
            "pip",
            "sigil",
        ),
        *("stack", "system.properties", "tmp", "venv", "www"),
        *PROVEN_BY,
    }
)


def strange_names(names: Mapping[str, frozenset[str]]) -> list[str]:
    """Give the names, sorted, for which a directory cannot be taken for a cache that buildpacks laid out.

    ``names`` are those of the first level, with what is in those that PROVEN_BY lists. All have to be names of
    buildpacks, and at least one has to be theirs alone. An empty cache has no strange names.
    """
    strange = sorted(name for name in names if not _is_telling(name) and name not in _NEUTRAL)
    if strange or any(_tells(name, inner) for name, inner in names.items()):
        return strange
    return sorted(names)


def _is_telling(name: str) -> bool:
    return name in _TELLING or bool(_TELLING_PATTERN.fullmatch(name))


def _tells(name: str, inner: frozenset[str]) -> bool:
    return _is_telling(name) or bool(inner & PROVEN_BY.get(name, frozenset()))
