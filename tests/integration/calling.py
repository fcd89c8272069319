"""Calling the plugin as a door does: by its name, isolated, as user dokku."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .conftest import Server

SOURCE = Path(__file__).parents[2] / "src"


def environ(server: Server) -> dict[str, str]:
    """What Dokku passes to a plugin there."""
    return {
        "PATH": os.environ["PATH"],
        "DOKKU_ROOT": server.environment.root,
        "DOKKU_LIB_ROOT": server.environment.lib_root,
        "DOKKU_LOGS_DIR": server.environment.logs_dir,
        "DOCKER_HOST": server.environment.docker_host,
        "PLUGIN_PATH": os.environ["PLUGIN_PATH"],
        # As of root's own commands and of the daily job.
        "SSH_USER": "root",
    }


def list_apps(server: Server, *apps: str) -> None:
    """Let Dokku's trigger name these apps."""
    plugin = server.root.parent / "plugins/enabled/apps"
    plugin.mkdir(exist_ok=True)
    (plugin / "app-list").write_text("".join(["#!/bin/sh\n", *(f"echo {app}\n" for app in apps)]))
    (plugin / "app-list").chmod(0o755)


def command(*arguments: str) -> list[str]:
    """Give the command line of one action, as user dokku."""
    as_dokku = ["setpriv", "--reuid", "dokku", "--regid", "dokku", "--init-groups"]
    return [*as_dokku, "/usr/bin/python3", "-I", "-B", str(SOURCE), *arguments]


def call(
    server: Server, *arguments: str, variables: Mapping[str, str] | None = None, timeout_seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run one action to its end. ``variables`` are set in addition to Dokku's."""
    return subprocess.run(
        command(*arguments),
        env={**environ(server), **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=timeout_seconds,
        cwd="/",
    )
