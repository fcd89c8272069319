"""The questions about measuring: how fast, and in how much memory."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from bench import trees
from bench.ground import HERE, PYTHON, Bench, drop_caches, output, remove
from bench.race import Contender, Result, race

_MEASURED = [PYTHON, "-I", os.path.join(HERE, "measured.py")]


def measuring(bench: Bench) -> Iterator[Result]:
    """Ask how long it takes to know a size, with the page cache warm and cold."""
    for shape in trees.SHAPES:
        top = os.path.join(bench.work, "tree")
        trees.make(shape, top, bench.files, seed=6)
        _agree(top)
        yield race(f"measuring, {shape}, warm", _measurers(top), bench.runs)
        if drop_caches():
            yield race(f"measuring, {shape}, cold", _measurers(top), max(1, bench.runs // 2), before=drop_caches)
        remove(top)


def _measurers(top: str) -> list[Contender]:
    found = [
        Contender("du", ["du", "-s", top], "du -s TREE"),
        Contender("dokku-cache", [*_MEASURED, top], "bench/measured.py TREE"),
    ]
    empty = os.path.join(os.path.dirname(top), "empty-tree")
    os.makedirs(empty, exist_ok=True)
    found.append(Contender("its start alone", [*_MEASURED, empty], "bench/measured.py EMPTY"))
    if shutil.which("gdu"):
        found.append(Contender("gdu", ["gdu", "-npc", top], "gdu -npc TREE"))
    if diskus := shutil.which("diskus") or shutil.which(os.path.expanduser("~/.cargo/bin/diskus")):
        found.append(Contender("diskus", [diskus, top], "diskus TREE"))
    return found


def _agree(top: str) -> None:
    """Let no figure count that is not the right answer. Raises SystemExit."""
    ours = output(*_MEASURED, top).split()[0]
    theirs = output("du", "-s", "-B1", top).split()[0]
    if ours != theirs:
        sys.exit(f"dokku-cache measures {ours} bytes, and du {theirs}")


def memory(bench: Bench) -> Iterator[Result]:
    """Ask how much memory measuring takes, of a big tree and of one directory five times as big."""
    for shape, files in (("node_modules", bench.files), ("one directory of empty files", 5 * bench.files)):
        top = os.path.join(bench.work, "tree")
        trees.make(shape, top, files)
        peak = _peak_bytes([*_MEASURED, top])
        yield Result(
            f"memory, {shape}",
            [],
            f"{files:,} files: `bench/measured.py TREE` and all that it starts have {peak >> 20} MB resident at the "
            "most, what they share counted once (PSS, proc_pid_smaps(5)).",
        )
        remove(top)


def _peak_bytes(command: Sequence[str]) -> int:
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_resident_bytes, [process.pid, *_children(process.pid)])))
            time.sleep(0.01)
    return peak


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
