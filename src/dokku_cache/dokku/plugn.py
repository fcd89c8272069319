"""Calling Dokku's triggers."""

import subprocess

from dokku_cache.errors import Unestablished

#: Dokku's own triggers answer in less than 0.1 s; a plugin may ask something over the network.
TIMEOUT_SECONDS = 60


def trigger(name: str, *arguments: str, cwd: str, timeout_seconds: float = TIMEOUT_SECONDS) -> str:
    """Fire a trigger with an empty standard input, and give what it prints.

    ``cwd`` has to exist: the caller's own may be gone, or hold hostile files. Raises Unestablished when the
    trigger cannot be run, fails, or does not answer in time.
    """
    try:
        done = subprocess.run(
            ["plugn", "trigger", name, *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unestablished(f"Dokku's trigger {name} does not answer: {error}") from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="backslashreplace").strip().splitlines()
        detail = f": {said[-1].strip()}" if said else ""
        raise Unestablished(f"Dokku's trigger {name} failed with exit code {done.returncode}{detail}")
    return done.stdout.decode(errors="surrogateescape")
