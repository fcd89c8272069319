"""Firing Dokku's triggers. All run in ``/``: the caller's directory may be gone, or contain hostile files."""

import contextlib
import glob
import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

from dokku_cache.model.errors import Unknown, os_error_hint

#: Dokku's own triggers need less than 0.1 s; other plugins may use the network.
TIMEOUT_SECONDS = 60
HINT = "find the faulty plugin with 'dokku --trace cache:list', fix or disable it, then try again"


class NeverEnds(Unknown):
    """A trigger did not end in time."""


def _start(name: str, arguments: tuple[str, ...], **options: Any) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(["plugn", "trigger", name, *arguments], cwd="/", stdin=subprocess.DEVNULL, **options)
    except (OSError, ValueError) as error:
        hint = os_error_hint(error, HINT) if isinstance(error, OSError) else HINT
        raise Unknown(f"Dokku's trigger {name} cannot be run: {error}", hint) from error


def trigger(name: str, *arguments: str) -> str:
    """Fire a trigger and return what it prints. Raises Unknown when it cannot run, fails, or does not end in time."""
    with _start(name, arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            output, errors = process.communicate(timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise Unknown(f"Dokku's trigger {name} did not respond within {TIMEOUT_SECONDS:g} s", HINT) from error
        finally:
            process.kill()  # of no effect on a process that has ended
    if process.returncode != 0:
        printed = errors.decode(errors="backslashreplace").strip().splitlines()
        detail = f": {printed[-1].strip()}" if printed else ""
        raise Unknown(f"Dokku's trigger {name} failed with exit code {process.returncode}{detail}", HINT)
    return output.decode(errors="surrogateescape")


def stream(name: str, *arguments: str) -> Iterator[str]:
    """Fire a trigger and yield its lines, those of standard error too, as they come and without a time limit.

    Raises Unknown when it cannot run or, after its last line, when it failed.
    """
    with _start(name, arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            for line in process.stdout or ():
                yield line.decode(errors="surrogateescape").rstrip("\n")
        except BaseException:
            process.terminate()  # the end of the block would wait for it
            raise
    if process.returncode != 0:
        raise Unknown(f"Dokku's trigger {name} failed with exit code {process.returncode}", HINT)


def is_implemented(name: str, plugin_path: str) -> bool:
    """Return whether any enabled plugin has a trigger, as plugn looks for it, without starting a process."""
    found = glob.glob(os.path.join(glob.escape(plugin_path), "enabled", "*", name))
    return any(os.path.isfile(path) and os.access(path, os.X_OK) for path in found)


def notify(name: str, *arguments: str, output: int, timeout_seconds: float) -> None:
    """Fire a trigger that has no result. It prints to the descriptor ``output``.

    It runs in a session of its own, which is killed after ``timeout_seconds``. Raises Unknown when it cannot run or
    fails, NeverEnds when it was killed.
    """
    process = _start(name, arguments, stdout=output, stderr=output, start_new_session=True)
    try:
        code = process.wait(timeout_seconds)
    except subprocess.TimeoutExpired as error:
        raise NeverEnds(f"trigger {name} did not finish within {timeout_seconds:g} s and was killed") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code != 0:
        raise Unknown(f"trigger {name} failed with exit code {code}")
