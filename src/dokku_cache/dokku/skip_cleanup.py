"""Dokku's own ``skip-cleanup``: "do not clean after a deploy"."""

import os
import re
from collections.abc import Mapping

from dokku_cache.dokku import files, properties
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.errors import Unknown

_VARIABLE = "DOKKU_SKIP_CLEANUP"
_PROPERTY = "skip-cleanup"
#: A line of an ENV file, as ``config:set`` writes it: ``export KEY='value'`` in old versions, ``KEY="value"`` in new.
_LINE = re.compile(rf"""^\s*(?:export\s+)?{_VARIABLE}=['"]?([^'"\s]*)""", re.MULTILINE)


def is_set(environment: DokkuEnvironment, app: str, environ: Mapping[str, str]) -> bool:
    """Tell whether Dokku's users asked to leave everything after deploys of an app.

    As Dokku reads it (0.38.27, plugins/common/docker.go), and as versions before its properties did, from the
    configuration of the app and of the server. Raises CacheError when one of them cannot be read.
    """
    if environ.get(_VARIABLE) == "true":
        return True
    owners = (app, properties.GLOBAL)
    if any(properties.get(environment, owner, _PROPERTY, plugin="builder") == "true" for owner in owners):
        return True
    configurations = (
        os.path.join(environment.lib_root, "config", app, "ENV"),
        os.path.join(environment.lib_root, "config", properties.GLOBAL, "ENV"),
        # Where versions before 0.38 keep them.
        os.path.join(environment.root, app, "ENV"),
        os.path.join(environment.root, "ENV"),
    )
    return any(_configured(path) for path in configurations)


def _configured(path: str) -> bool:
    try:
        found = _LINE.findall(files.read(path))
    except FileNotFoundError:
        return False
    except OSError as error:
        raise Unknown(f"{path} cannot be read ({error.strerror})", "check that user dokku can read it") from error
    return bool(found) and found[-1] == "true"
