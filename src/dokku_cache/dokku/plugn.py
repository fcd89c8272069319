"""Calling Dokku's triggers."""

import contextlib
import glob
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence

from dokku_cache.errors import Unknown

#: Dokku's own triggers answer in less than 0.1 s; a plugin may ask something over the network.
TIMEOUT_SECONDS = 60


#: What to do where a trigger, as of another plugin, gives no answer.
HINT = "find the faulty plugin with 'dokku --trace cache:list', fix or disable it, then try again"


class NeverEnds(Unknown):
    """A trigger did not end in time."""


class TriggerFailed(Unknown):
    """A trigger gave no answer. ``cause`` says why, without its name: several may fail for one."""

    def __init__(self, names: Sequence[str], cause: str, hint: str = "") -> None:
        triggers = f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else "".join(names)
        super().__init__(f"Dokku's trigger{'s' if names[1:] else ''} {triggers} {cause}", hint)
        self.names = tuple(names)
        self.cause = cause


def trigger(
    name: str,
    *arguments: str,
    cwd: str,
    timeout_seconds: float = TIMEOUT_SECONDS,
    environ: Mapping[str, str] | None = None,
) -> str:
    """Fire a trigger with an empty standard input, and give what it prints.

    ``cwd`` has to exist: the caller's own may be gone, or hold hostile files. ``environ`` replaces this
    process's. Raises Unknown when the trigger cannot be run, fails, or does not answer in time.
    """
    try:
        done = subprocess.run(
            ["plugn", "trigger", name, *arguments],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_seconds,
            env=environ,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        silent = isinstance(error, subprocess.TimeoutExpired)
        cause = f"did not respond within {timeout_seconds:g} s" if silent else f"cannot be run: {error}"
        raise TriggerFailed([name], cause, HINT) from error
    if done.returncode != 0:
        said = done.stderr.decode(errors="backslashreplace").strip().splitlines()
        detail = f": {said[-1].strip()}" if said else ""
        raise TriggerFailed([name], f"failed with exit code {done.returncode}{detail}", HINT)
    return done.stdout.decode(errors="surrogateescape")


def stream(name: str, *arguments: str, cwd: str) -> Iterator[str]:
    """Fire a trigger as ``trigger`` does, and give its lines as they come, however long it takes.

    Its standard error is the caller's. Raises Unknown when it cannot be run or, after its last line, when
    it failed.
    """
    try:
        process = subprocess.Popen(
            ["plugn", "trigger", name, *arguments], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
    except OSError as error:
        raise Unknown(f"Dokku's trigger {name} cannot be run: {error}", HINT) from error
    with process:
        try:
            for line in process.stdout or ():
                yield line.decode(errors="surrogateescape").rstrip("\n")
        except BaseException:
            process.terminate()  # or the end of the block would wait for a sweep that nobody follows any more
            raise
    if process.returncode != 0:
        raise Unknown(f"Dokku's trigger {name} failed with exit code {process.returncode}", HINT)


def is_implemented(name: str, plugin_path: str) -> bool:
    """Tell whether any enabled plugin has a trigger, as plugn looks for it: so that nothing is started in vain."""
    found = glob.glob(os.path.join(glob.escape(plugin_path), "enabled", "*", name))
    return any(os.path.isfile(path) and os.access(path, os.X_OK) for path in found)


def tell(name: str, *arguments: str, output: int, timeout_seconds: float) -> None:
    """Fire a trigger of which no answer is expected; what it prints goes to the descriptor ``output``.

    Who does not end in time is ended, with all that it started in its session. Raises Unknown when the trigger
    cannot be run or fails, and NeverEnds when it does not end in time.
    """
    try:
        process = subprocess.Popen(
            ["plugn", "trigger", name, *arguments],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise Unknown(f"trigger {name} cannot be run: {error}") from error
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
