"""The questions about measuring."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence

from bench import trees
from bench.timing import Contender, Result, race
from bench.workplace import MEASURED, Bench, drop_caches, of_cargo, output, remove

_UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
#: Peers round; who turns back on the way is off by far more.
_TOLERANCE = 0.1
_BLOCK_BYTES = 4096
_FIND_SECONDS = 600


def measuring(bench: Bench) -> Iterator[Result]:
    """Ask how long it takes to know a size, with the page cache warm and cold."""
    top = bench.tree
    for shape in list(trees.SHAPES)[: bench.shapes]:
        trees.make(shape, top, bench.files, seed=6)
        right, there = _agree(top), _peers(top)
        peers = [peer for peer in there if _finds(peer, top, right)]
        failing = ", ".join(peer.name for peer in there if peer not in peers)
        note = f"Not in it, as they end before they have found all: {failing}." if failing else ""
        yield race(f"measuring, {shape}, warm", _with(peers, top), bench.runs, note=note)
        if drop_caches():
            yield race(f"measuring, {shape}, cold", _with(peers, top), bench.slow_runs, before=drop_caches, note=note)
        remove(top)


def _with(peers: Sequence[Contender], top: str) -> list[Contender]:
    found = [
        Contender("du", ["du", "-s", top], "du -s TREE"),
        Contender("dokku-cache", [*MEASURED, top], "bench/measured.py TREE"),
    ]
    empty = os.path.join(os.path.dirname(top), "empty-tree")
    os.makedirs(empty, exist_ok=True)
    found.append(Contender("its start alone", [*MEASURED, empty], "bench/measured.py EMPTY"))
    return found + [Contender(peer.name, peer.command, peer.shown) for peer in peers]


def _peers(top: str) -> list[Contender]:
    found = []
    if shutil.which("gdu"):
        found.append(Contender("gdu", ["gdu", "-nps", top], "gdu -nps TREE"))
    if diskus := of_cargo("diskus"):
        found.append(Contender("diskus", [diskus, top], "diskus TREE"))
    return found


def _finds(peer: Contender, top: str, right: int) -> bool:
    """Tell whether a peer gets to the end of a tree: some turn back, or break down, where paths get too long."""
    done = subprocess.run(
        peer.command, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_FIND_SECONDS
    )
    told = re.match(r"\s*([\d.]+) ?([KMG]iB)?", done.stdout)
    if done.returncode or told is None:
        return False
    found = float(told[1]) * _UNITS[told[2] or ""]
    # gdu takes every directory for one block, however many names are in it. Of empty files, this proves nothing.
    is_gdu = peer.name == "gdu"
    expected = right - os.stat(top).st_blocks * 512 + _BLOCK_BYTES if is_gdu else right
    return abs(found - expected) <= _TOLERANCE * expected


def _agree(top: str) -> int:
    """Let no figure count that is not the right answer, in bytes, which it gives. Raises SystemExit."""
    ours = output(*MEASURED, top).split()[0]
    theirs = output("du", "-s", "-B1", top).split()[0]
    if ours != theirs:
        sys.exit(f"dokku-cache measures {ours} bytes, and du {theirs}")
    return int(theirs)
