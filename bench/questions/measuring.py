"""The questions about measuring."""

import os
import shutil
import sys
from collections.abc import Iterator

from bench import trees
from bench.timing import Contender, Result, race
from bench.workplace import MEASURED, Bench, drop_caches, of_cargo, output, remove


def measuring(bench: Bench) -> Iterator[Result]:
    """Ask how long it takes to know a size, with the page cache warm and cold."""
    top = bench.tree
    for shape in list(trees.SHAPES)[: bench.shapes]:
        trees.make(shape, top, bench.files, seed=6)
        _agree(top)
        yield race(f"measuring, {shape}, warm", _measurers(top), bench.runs)
        if drop_caches():
            yield race(f"measuring, {shape}, cold", _measurers(top), bench.slow_runs, before=drop_caches)
        remove(top)


def _measurers(top: str) -> list[Contender]:
    found = [
        Contender("du", ["du", "-s", top], "du -s TREE"),
        Contender("dokku-cache", [*MEASURED, top], "bench/measured.py TREE"),
    ]
    empty = os.path.join(os.path.dirname(top), "empty-tree")
    os.makedirs(empty, exist_ok=True)
    found.append(Contender("its start alone", [*MEASURED, empty], "bench/measured.py EMPTY"))
    if shutil.which("gdu"):
        found.append(Contender("gdu", ["gdu", "-npc", top], "gdu -npc TREE"))
    if diskus := of_cargo("diskus"):
        found.append(Contender("diskus", [diskus, top], "diskus TREE"))
    return found


def _agree(top: str) -> None:
    """Let no figure count that is not the right answer. Raises SystemExit."""
    ours = output(*MEASURED, top).split()[0]
    theirs = output("du", "-s", "-B1", top).split()[0]
    if ours != theirs:
        sys.exit(f"dokku-cache measures {ours} bytes, and du {theirs}")
