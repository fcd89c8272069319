"""Run the plugin as its entry points do: isolated, as the dokku user."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from .conftest import Server

SOURCE = Path(__file__).parents[2] / "src"


def environ(server: Server) -> dict[str, str]:
    """Return what Dokku passes to a plugin."""
    return {
        "PATH": os.environ["PATH"],
        "DOKKU_ROOT": server.environment.root,
        "DOKKU_LIB_ROOT": server.environment.lib_root,
        "DOKKU_LOGS_DIR": server.environment.logs_dir,
        "DOCKER_HOST": server.environment.docker_host,
        "PLUGIN_PATH": os.environ["PLUGIN_PATH"],
        # As for commands of root, and for the daily job.
        "SSH_USER": "root",
    }


def command(*arguments: str) -> list[str]:
    """Return the command line of an action, as the dokku user."""
    as_dokku = ["setpriv", "--reuid", "dokku", "--regid", "dokku", "--init-groups"]
    return [*as_dokku, "/usr/bin/python3", "-I", "-B", str(SOURCE), *arguments]


def call(
    server: Server, *arguments: str, variables: Mapping[str, str] | None = None, timeout_seconds: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run an action to its end. ``variables`` are set in addition to Dokku's."""
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
