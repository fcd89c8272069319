"""Dokku's directories and flags, from the environment (0.38.27, the ``dokku`` script)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from dokku_cache.model.errors import CacheError


@dataclass(frozen=True)
class DokkuEnvironment:
    """Dokku's directories and the flags of this call. All directories are absolute paths.

    ``root`` has the apps; ``host_root`` is the same directory as Docker sees it, which differs where Dokku runs in a
    container. ``system_user`` is Dokku's own, ``docker_bin`` its Docker command. ``flagged_app``: the app given by
    ``--app``, or empty. ``system_root``: ``/``, where systemd and cron have their files, except in tests.
    """

    root: str
    host_root: str
    lib_root: str
    logs_dir: str
    core_plugins: str
    plugin_path: str = ""
    docker_host: str = ""
    docker_bin: str = ""
    system_user: str = "dokku"
    flagged_app: str = ""
    system_root: str = "/"
    is_quiet: bool = False
    is_forced: bool = False

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "DokkuEnvironment":
        """Read the environment. Raises CacheError when Dokku did not call this."""
        root = environ.get("DOKKU_ROOT", "")
        lib_root = environ.get("DOKKU_LIB_ROOT", "/var/lib/dokku")
        if not os.path.isabs(root):
            raise CacheError(
                f"DOKKU_ROOT is {f'not an absolute path: {root}' if root else 'not set'}",
                "run the plugin through Dokku: 'dokku cache:help'",
            )
        return cls(
            root=os.path.normpath(root),
            host_root=os.path.normpath(environ.get("DOKKU_HOST_ROOT") or root),
            lib_root=lib_root,
            logs_dir=environ.get("DOKKU_LOGS_DIR", "/var/log/dokku"),
            core_plugins=environ.get("PLUGIN_CORE_AVAILABLE_PATH", f"{lib_root}/core-plugins/available"),
            plugin_path=environ.get("PLUGIN_PATH") or f"{lib_root}/plugins",
            docker_host=environ.get("DOCKER_HOST", ""),
            docker_bin=environ.get("DOCKER_BIN", ""),
            system_user=environ.get("DOKKU_SYSTEM_USER") or "dokku",
            flagged_app=environ.get("DOKKU_APP_NAME", ""),
            system_root=environ.get("DOKKU_CACHE_SYSTEM_ROOT") or "/",
            is_quiet=bool(environ.get("DOKKU_QUIET_OUTPUT")),
            is_forced=environ.get("DOKKU_APPS_FORCE_DELETE") == "1",
        )

    @property
    def data_dir(self) -> str:
        """The directory with the data of all plugins."""
        return os.path.join(self.lib_root, "data")
