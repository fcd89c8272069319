"""What somebody has set for an app, which tells that there is, or was, more to it than a directory.

Dokku keeps each value in a file ``<lib root>/config/<plugin>/<app>/<key>`` (plugins/common/properties.go), and from
0.38.0 on the environment of an app in ``<lib root>/config/<app>/ENV`` (plugins/config/environment.go).
"""

import os

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.properties import PLUGIN
from dokku_cache.errors import Unestablished
from dokku_cache.sources.install_files import are_options_by_install, is_environment_by_install

#: What `plugin:install` writes for each directory that is listed, of ghosts and of other people's data too
# (triggers.go
#: of each plugin, 0.27.0 to 0.38.27), with the values that it writes; None for any.
_BY_INSTALL: dict[tuple[str, str], frozenset[str] | None] = {
    ("apps", "created-at"): None,
    ("common", "deployed"): frozenset({"false"}),
    ("config", "env-migrated"): None,
    ("docker-options", "_default_.deploy"): None,  # by its content, 0.38.0 to 0.38.8
    ("docker-options", "migrated-build"): None,
    ("docker-options", "migrated-deploy"): None,
    ("docker-options", "migrated-run"): None,
    ("network", "bind-all-interfaces"): None,
    ("ports", "map"): frozenset({""}),
    ("storage", "legacy-mounts-migrated"): None,
}
#: What `apps:destroy` leaves there: 0.30 and 0.33 of these plugins of Dokku's, all versions of plugins that have no
#: trigger post-delete for it. And ours: who has set what goes by itself has not made an app by that.
_LEFT_BY_DESTROY = frozenset({"acl", "caddy", "cron", "haproxy", "letsencrypt", "maintenance", PLUGIN})


#: What nothing but the making, or a deploy, of an app of that name writes (plugins/ps and common, 0.22.0 to 0.38.27).
_MADE_WITH_AN_APP = {("ps", "scale"), ("common", "deployed")}

_HINT = "see that user dokku can read it: 'ls -ld' shows whose it is"


def of_app(environment: DokkuEnvironment, app: str) -> tuple[list[str], list[str]]:
    """Give the paths of settings that prove an app, and of all others but those that Dokku makes by itself.

    The others may be some plugin's mark on each directory that Dokku lists. Raises Unestablished.
    """
    config = os.path.join(environment.lib_root, "config")
    made: list[str] = []
    others: list[str] = []
    for plugin in _names(config):
        for key in _names(os.path.join(config, plugin, app)) if plugin not in _LEFT_BY_DESTROY else ():
            path = os.path.join(config, plugin, app, key)
            if not _is_by_install(path, plugin, key):
                (made if (plugin, key) in _MADE_WITH_AN_APP else others).append(path)
    variables = os.path.join(config, app, "ENV")
    if not is_environment_by_install(_content(variables)):
        others.append(variables)
    return made, others


def _is_by_install(path: str, plugin: str, key: str) -> bool:
    if (plugin, key) not in _BY_INSTALL:
        return False
    if key == "_default_.deploy":
        return are_options_by_install(_content(path))
    values = _BY_INSTALL[plugin, key]
    return values is None or _content(path).strip() in values


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise Unestablished(f"{directory} cannot be read ({error.strerror})", _HINT) from error


def _content(path: str) -> str:
    try:
        return files.read(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise Unestablished(f"{path} cannot be read ({error.strerror})", _HINT) from error
