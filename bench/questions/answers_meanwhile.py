"""What who reads a disk, or asks a small server, waits for while a cache is deleted beside it."""

import os
from collections.abc import Iterator

from bench.timing import Contender, Result, race
from bench.workplace import ANSWERED, EMPTIED, Bench, drop_caches, make_known, output, remove

_FILE_BYTES = 256 << 20
#: A part of what deleting takes with that many files, so that it is under way all the time.
_SECONDS = {200_000: 3.0}


def answers_meanwhile(bench: Bench) -> Iterator[Result]:
    """Ask how long the slowest answers take (99 of 100 are faster) beside the gentle helper and the usual one."""
    file = os.path.join(bench.work, "read")
    with open(file, "wb") as written:
        for _ in range(_FILE_BYTES >> 20):
            written.write(os.urandom(1 << 20))
    drop_caches()
    helper, seconds = [*EMPTIED, bench.tree], _SECONDS.get(bench.files, 0.3)
    for kind, what in (("read", "a read of 4 kB from the disk"), ("request", "a small HTTP request")):
        command, shown = [*ANSWERED, kind, file, f"{seconds}"], f"bench/answered.py {kind}"
        yield race(
            f"{what}, beside the helper",
            [
                Contender("alone", command, shown, is_told=True),
                Contender("gentle helper", command, shown, beside=[*helper, "gently"], is_told=True),
                Contender("usual helper", command, shown, beside=helper, is_told=True),
            ],
            bench.slow_runs,
            before=lambda: make_known("node_modules", bench.tree, bench.files),
            after=lambda: remove(os.path.join(bench.tree, "node_modules")),
            note=f"The figures are the 99th percentile of as many as fit into {seconds:g} s, in which {bench.files:,}"
            " files are being deleted, or as many as that takes; they were measured before.",
        )
    output("rm", "-rf", file, bench.tree)
