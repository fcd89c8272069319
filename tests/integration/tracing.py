"""Read the system calls of a program from a trace of strace(1)."""

import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

#: Calls that change a file system.
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
#: A started process, by its number for the tracer.
_STARTED = re.compile(r"= (?P<inside>\d+)(?: /\* (?P<here>\d+) in strace's PID NS \*/)?")
_OPENED = re.compile(r"= \d+<(?P<path>[^>]*)>$")

IS_THERE = shutil.which("strace") is not None


@dataclass(frozen=True)
class Traced:
    """One call.

    ``directory``: what its names are relative to, as strace resolves it; empty for the current one.
    ``handle``: the descriptor of that directory, or AT_FDCWD, or empty. ``names``: the paths in the arguments.
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
        """The path that was opened, as the kernel resolves it; empty if unknown."""
        match = _OPENED.search(self.arguments)
        return match["path"] if match else ""

    @property
    def path(self) -> str:
        """The path of the first name, by its spelling."""
        name = self.names[0] if self.names else ""
        return name if name.startswith("/") or not self.directory else f"{self.directory}/{name}"


def options(into: Path) -> list[str]:
    """Return strace's arguments to follow a program and all that it starts."""
    calls = ",".join(f"?{name}" for name in (*CHANGING, *_OPENING, *_STARTING))
    return ["strace", "-f", "-qq", "-y", "--pidns-translation", "-s", "4096", "-o", str(into), "-e", f"trace={calls}"]


def read(trace: Path) -> list[Traced]:
    """Return the calls in a trace, without those that start a program."""
    return [call for call in _parse(trace) if call.name not in _STARTING]


def below(trace: Path, program: str) -> list[Traced]:
    """Return the calls of processes that have become a program, and of all that they started."""
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
            continue  # a signal, or the end of a call
        place = _PLACE.match(match["arguments"])
        names = tuple(_NAME.findall(match["arguments"]))
        handle, directory = (place["handle"], place["directory"] or "") if place else ("", "")
        yield Traced(int(match["process"]), match["name"], handle, directory, names, match["arguments"])


@contextmanager
def attached(process: int, into: Path) -> Iterator[None]:
    """Trace a running process, and everything that it starts from now on."""
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
    """Return the command line that traces another, as a user."""
    return [*options(into), "-u", user, *command]
