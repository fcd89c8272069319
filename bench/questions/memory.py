"""The questions about memory."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence

from bench import trees
from bench.timing import Result
from bench.workplace import EMPTIED, MEASURED, Bench, remove


def memory(bench: Bench) -> Iterator[Result]:
    """Ask how much memory measuring and deleting take, of a big tree and of one directory five times as big."""
    top = bench.tree
    for shape, files in bench.big_trees:
        trees.make(shape, top, files)
        measuring = _peak_bytes([*MEASURED, top])
        deleting = _peak_bytes([*EMPTIED, top])
        yield Result(
            f"memory, {shape}",
            [],
            f"{files:,} files: `bench/measured.py TREE` and all that it starts have {measuring >> 20} MB resident at "
            f"the most; `bench/emptied.py TREE` and the helper container, with the docker SDK, {deleting >> 20} MB. "
            "What they share is counted once (PSS, proc_pid_smaps(5)).",
        )
        remove(top)


def _peak_bytes(command: Sequence[str]) -> int:
    """Run a command; give the most that it, its children, and containers that were not there before, had resident."""
    peak = 0
    others = set(_namespaces().values())
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            contained = [number for number, namespace in _namespaces().items() if namespace not in others]
            counted = {process.pid, *_children(process.pid), *contained}
            peak = max(peak, sum(map(_resident_bytes, counted)))
            time.sleep(0.01)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return peak


def _namespaces() -> dict[int, str]:
    """Give the PID namespace of each process: a container has its own."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            found[int(name)] = os.readlink(f"/proc/{name}/ns/pid")
        except OSError:  # it has ended
            continue
    return found


def _children(process: int) -> list[int]:
    try:
        with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:  # it has ended
        return []


def _resident_bytes(process: int) -> int:
    try:
        with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
            return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Pss:"))
    except OSError:  # it has ended
        return 0
