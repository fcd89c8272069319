"""Reading what a program has asked of the kernel, from a trace by strace(1)."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: All by which something in a file system is opened or changed.
CHANGING = (
    "creat", "unlink", "unlinkat", "rename", "renameat", "renameat2", "rmdir", "mkdir", "mkdirat", "chmod",
    "fchmodat", "chown", "lchown", "fchownat", "truncate", "link", "linkat", "symlink", "symlinkat", "mknod",
    "mknodat",
)  # fmt: skip
_OPENING = ("open", "openat", "openat2")
_STARTING = ("execve", "clone", "clone3", "fork", "vfork")
_CALL = re.compile(r"^(?P<process>\d+) +(?:<\.\.\. )?(?P<name>\w+)(?P<rest>\(| resumed>)(?P<arguments>.*)$")
_PLACE = re.compile(r"^(?P<handle>AT_FDCWD|\d+)(?:<(?P<directory>[^>]*)>)?, ")
_NAME = re.compile(r'"(?P<name>(?:[^"\\]|\\.)*)"')
#: A process that was started, by the number that it has for who traces.
_STARTED = re.compile(r"= (?P<inside>\d+)(?: /\* (?P<here>\d+) in strace's PID NS \*/)?")
_OPENED = re.compile(r"= \d+<(?P<path>[^>]*)>$")

IS_THERE = shutil.which("strace") is not None


@dataclass(frozen=True)
class Traced:
    """One call. ``directory``: what its names are relative to, as strace resolves it; empty for the current one.

    ``handle``: by which that is meant, or AT_FDCWD, or empty. ``names``: the paths it names.
    """

    process: int
    name: str
    handle: str
    directory: str
    names: tuple[str, ...]
    arguments: str

    @property
    def is_opening(self) -> bool:
        return self.name in _OPENING

    @property
    def opened(self) -> str:
        """What was opened, as the kernel has it; empty where that is not known."""
        match = _OPENED.search(self.arguments)
        return match["path"] if match else ""

    @property
    def path(self) -> str:
        """Where the first name leads, by the spelling alone."""
        name = self.names[0] if self.names else ""
        return name if name.startswith("/") or not self.directory else f"{self.directory}/{name}"


def options(into: Path) -> list[str]:
    """Give strace's arguments to follow a program and all that it starts."""
    calls = ",".join(f"?{name}" for name in (*CHANGING, *_OPENING, *_STARTING))
    return ["strace", "-f", "-qq", "-y", "--pidns-translation", "-s", "4096", "-o", str(into), "-e", f"trace={calls}"]


def read(trace: Path) -> list[Traced]:
    """Give the calls in a trace, without those that start a program."""
    return [call for call in _parse(trace) if call.name not in _STARTING]


def below(trace: Path, program: str) -> list[Traced]:
    """Give the calls of processes that have become a program, and of all that they started."""
    wanted: set[int] = set()
    found = []
    for call in _parse(trace):
        if call.name == "execve" and call.names[:1] == (program,):
            wanted.add(call.process)
        elif call.name in _STARTING and call.process in wanted and (started := _STARTED.search(call.arguments)):
            wanted.add(int(started["here"] or started["inside"]))
        elif call.name not in _STARTING and call.process in wanted:
            found.append(call)
    return found


def _parse(trace: Path) -> Iterator[Traced]:
    for line in trace.read_text(errors="replace").splitlines():
        match = _CALL.match(line)
        if not match or (match["rest"] != "(" and match["name"] not in _STARTING):
            continue  # a signal, or the end of a call that was met before
        place = _PLACE.match(match["arguments"])
        names = tuple(_NAME.findall(match["arguments"]))
        handle, directory = (place["handle"], place["directory"] or "") if place else ("", "")
        yield Traced(int(match["process"]), match["name"], handle, directory, names, match["arguments"])


@contextmanager
def attached(process: int, into: Path) -> Iterator[None]:
    """Trace a process that runs, and all that it starts from now on."""
    tracer = subprocess.Popen([*options(into), "-p", str(process)], stderr=subprocess.DEVNULL)
    try:
        status = Path(f"/proc/{process}/status")
        while "TracerPid:\t0" in status.read_text():
            assert tracer.poll() is None, "strace cannot attach to it"
            time.sleep(0.05)
        yield
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.wait()


def as_user(user: str, command: Sequence[str], into: Path) -> list[str]:
    """Give the command line that traces another, as a user."""
    return [*options(into), "-u", user, *command]
