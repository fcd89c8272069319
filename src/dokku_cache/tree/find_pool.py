"""Reading many directories at once: several ``find`` (GNU findutils, on every Debian) side by side.

A cold walk waits for the disk and a warm one for the processor: many small C programs wait for either together.
"""

import os
import selectors
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType

from dokku_cache.errors import Unestablished

FIND = "/usr/bin/find"
#: More than there are processors: each waits for the disk most of the time when the page cache is cold.
FIND_PROCESSES = 16
#: Where the disk rotates: each further one has its head move to and fro, and whoever else reads wait for it.
ROTATING_DISK_PROCESSES = 2
_READ_BYTES = 1 << 16
_VANISHED = b": No such file or directory"
_HINT = "nothing was removed: try again when the machine has memory and processes to spare"


@dataclass(frozen=True)
class FindJob:
    """What one ``find`` reads: all below some directories that passes ``tests`` (find(1); none may print).

    ``directories``: open handles, each with a name in it; the name ``.`` is the open directory itself. All of
    them are on one file system. No other part of a path is resolved, so no link can lead astray.
    """

    directories: Sequence[tuple[int, str]]
    tests: tuple[str, ...] = ()


def halves(directory: int, middle_inode: int) -> tuple[FindJob, FindJob]:
    """Give two jobs that share the files in an open directory, and do not care for the directories in it.

    ``find`` knows the inode number from the directory itself, and leaves the other half without a look.
    """
    flat = ("-maxdepth", "1", "!", "-type", "d")
    lower = ("-inum", f"-{middle_inode}")
    return FindJob([(directory, ".")], (*flat, *lower)), FindJob([(directory, ".")], (*flat, "!", *lower))


@dataclass
class _Find:
    """A running ``find``, how many of its pipes are open, and the half lines that came out of them."""

    process: "subprocess.Popen[bytes]"
    pipes: int = 2
    rest: dict[int, bytes] = field(default_factory=dict)


class FindPool:
    """Runs ``find`` processes, and ends them with the ``with`` statement that it is used in.

    ``most``: how many at a time. ``complaints`` counts what they could not read; what vanished meanwhile is not
    among it.
    """

    def __init__(self, most: int = FIND_PROCESSES) -> None:
        self.most = most
        self.complaints = 0
        self._running: dict[int, _Find] = {}
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> "FindPool":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for find in self._running.values():
            find.process.kill()
        for find in self._running.values():
            with find.process:  # closes its pipes and waits for it
                pass
        self._selector.close()

    @property
    def are_idle(self) -> bool:
        """Tell whether all have ended."""
        return not self._running

    @property
    def are_busy(self) -> bool:
        """Tell whether another one should wait."""
        return len(self._running) >= self.most

    def start(self, job: FindJob, expression: Sequence[str]) -> None:
        """Start one more, to evaluate an expression (find(1)) that prints no names. Raises Unestablished."""
        if not job.directories:  # find would start from where it is started
            raise ValueError("a job leads somewhere")
        handles = {handle for handle, _ in job.directories}
        # From where it starts, find reaches a directory faster than through its parent's handle.
        start = f"/proc/self/fd/{min(handles)}" if len(handles) == 1 else ""
        ways = [
            os.fsencode(f"{'.' if start else f'/proc/self/fd/{handle}'}/{name}") for handle, name in job.directories
        ]
        try:
            process = subprocess.Popen(
                [FIND, "-P", *ways, "-xdev", "-mindepth", "1", *job.tests, *expression],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=handles,
                cwd=start or "/",
                env={"LC_ALL": "C"},
            )
        except OSError as error:
            raise Unestablished(f"{FIND} cannot be started ({error.strerror})", _HINT) from error
        self._running[process.pid] = find = _Find(process)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ, find)

    def output(self, *, wait: bool) -> Iterator[bytes]:
        """Give what they print, in pieces of whole lines: at most one from each, of what is there by now.

        With ``wait`` at least one of them has printed or ended. Raises Unestablished when one is killed.
        """
        if self.are_idle:
            return
        for key, _ in self._selector.select(None if wait else 0):
            find: _Find = key.data
            data = os.read(key.fd, _READ_BYTES)
            if not data:
                self._selector.unregister(key.fd)
                find.pipes -= 1
                if not find.pipes:
                    self._end(find)
                continue
            whole, _, find.rest[key.fd] = (find.rest.get(key.fd, b"") + data).rpartition(b"\n")
            if find.process.stderr is key.fileobj:
                self.complaints += sum(not line.endswith(_VANISHED) for line in whole.splitlines())
            elif whole:
                yield whole

    def _end(self, find: _Find) -> None:
        with self._running.pop(find.process.pid).process as process:
            code = process.wait()
        if code not in {0, 1}:  # 1: it complained, which is counted
            raise Unestablished(f"{FIND} ended with code {code}", _HINT)
