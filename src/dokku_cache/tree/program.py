"""Runs the worker program, and reads what it prints, here or in the helper container."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from typing import Any

from dokku_cache.model.errors import Unknown
from dokku_cache.model.scan import Identity, Progress, Scan
from dokku_cache.tree import worker

PATH = worker.__file__
#: The distribution's Python, which ``src/interpreter`` started; /usr/bin/python3 may be another one.
PYTHON = sys.executable if os.path.dirname(sys.executable) == "/usr/bin" else "/usr/bin/python3"
COMMAND = (PYTHON, "-I", "-S")
#: Worker processes: more than processors, as most of the time each waits for the disk.
PROCESSES, GENTLE_PROCESSES = 16, 2


class Failed(Exception):
    """The program ended without a result. The message is what it printed instead."""


class _TooBig(Exception):
    """A tree has more than a few entries."""


class _SmallPool(worker.Pool):
    """Collects what this process finds, until there is something to share."""

    def is_ready(self) -> bool:
        raise _TooBig

    def report(self, delta: bytes, _kind: bytes = b"") -> None:
        self._tree.merge(delta)


def scan(top: int, progress: Progress) -> Scan:
    """Scan an open directory as far as this user may read it; a small one without starting a program.

    Raises OSError when the directory itself cannot be read, and Unknown when the program cannot finish.
    """
    tree = worker.Scanner(top)
    pool = _SmallPool(tree)
    try:
        tree.run(worker.TOP)
    except _TooBig:
        return _scan_by_program(top, progress)
    pool.report(tree.take())
    found = Scan.from_result(tree.result())
    progress(found.entries, found.size_bytes)
    return found


def _scan_by_program(top: int, progress: Progress) -> Scan:
    command = [*COMMAND, PATH, *arguments("scan", str(Identity.of(os.fstat(top))))]
    try:
        with subprocess.Popen(
            command,
            cwd=f"/proc/self/fd/{top}",
            pass_fds=[top],
            env={},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            try:
                return Scan.from_result(read_result(process.stdout or (), progress))
            finally:
                process.terminate()
    except PermissionError:  # it may be listed but not entered
        return Scan(unreadable=1)
    except (OSError, Failed) as error:
        raise Unknown(
            f"the directory could not be scanned ({error})",
            "nothing was removed: try again when the machine has memory and processes to spare",
        ) from error


def arguments(mode: str, identity: str, *, is_gentle: bool = False) -> list[str]:
    """Return the program's arguments. ``identity``: device and inode of the directory, which it compares."""
    return [mode, identity, str(GENTLE_PROCESSES), "gentle"] if is_gentle else [mode, identity, str(PROCESSES)]


def read_result(lines: Iterable[bytes], progress: Progress) -> dict[str, Any]:
    """Read what the program prints, call ``progress``, and return its result. Raises Failed."""
    entries = size_bytes = 0
    other: list[str] = []
    for line in lines:
        kind, _, content = line.rstrip(b"\n").partition(b" ")
        try:
            if kind == b"+":
                new_entries, new_bytes = map(int, content.split())
                progress(new_entries - entries, new_bytes - size_bytes)
                entries, size_bytes = new_entries, new_bytes
                continue
            if kind == b"=":
                result: dict[str, Any] = json.loads(content)
                return result  # without waiting for the end of the stream, which a restarted containerd never sends
        except ValueError:  # a line that was cut
            pass
        other = [*other, os.fsdecode(line).strip()][-3:]
    raise Failed("; ".join(filter(None, other)) or "it ended early")
