"""The questions about deleting."""

import os
import re
from collections.abc import Iterator
from functools import partial

from bench import trees
from bench.timing import Contender, Result, race
from bench.workplace import (
    EMPTIED,
    Bench,
    make_app,
    make_cold,
    make_known,
    must_be_empty,
    must_be_gone,
    of_cargo,
    output,
    remove,
)

#: A chain of one directory in the other: what tests of ``configure`` leave is as deep.
_CHAIN = "one deep chain"
_COLD = (
    "Before each run the tree is made anew, written to disk, and dropped from the page cache. Then a cache of one "
    "file is purged: on a server in use, the programs are in the page cache."
)


def deleting(bench: Bench) -> Iterator[Result]:
    """Ask how long it takes until a cache is gone: with everything, measuring and the container included."""
    for shape, files in (
        ("node_modules", bench.files),
        ("ruby bundle", bench.files // 4),
        ("one wide directory", bench.files),
        ("one directory of empty files", bench.files),
        (_CHAIN, bench.files * 3 // 20),
        ("a few huge files", bench.files),
    )[: bench.shapes]:
        yield _deleting(bench, shape, files)
    yield _small(bench)


def _deleting(bench: Bench, shape: str, files: int) -> Result:
    cache = _cache(bench)
    contenders = [
        Contender("rm", ["rm", "-rf", cache], "rm -rf cache"),
        _purger(),
        Contender("find", ["find", cache, "-delete"], "find cache -delete"),
    ]
    if rmz := of_cargo("rmz"):
        contenders.append(Contender("rmz", [rmz, cache], "rmz cache"))
    # Of every extent that is freed the disk is told, and whoever deletes waits for it: another question.
    disk = ", mounted with discard" if re.search(r"\bdiscard\b", bench.file_system) else ""
    return race(
        f"deleting, {shape}, {files:,} files{disk}",
        contenders,
        bench.slow_runs,
        before=partial(_make_cold_beside_warm_programs, bench, shape, cache, files),
        after=lambda: must_be_gone(cache),
        note=_COLD,
    )


def _small(bench: Bench) -> Result:
    before = partial(trees.make, "one wide directory", _cache(bench), 1)
    return race("deleting, one file", [_purger()], bench.runs, before=before)


def _cache(bench: Bench) -> str:
    app = os.path.join(bench.apps, "bench-deleting")
    make_app(app)
    return os.path.join(app, "cache")


def _make_cold_beside_warm_programs(bench: Bench, shape: str, cache: str, files: int) -> None:
    if not make_cold(shape, cache, files):
        return  # and they are warm
    small = os.path.join(bench.apps, "bench-warming")
    make_app(small)
    trees.make("one wide directory", os.path.join(small, "cache"), 1)
    output("dokku", "cache:purge-legacy", "bench-warming", "--force")


def deleting_measured(bench: Bench) -> Iterator[Result]:
    """Ask what the helper container takes by itself: its directory is measured before, as in every purge."""
    top = bench.tree
    for shape, files in bench.big_trees:
        yield race(
            f"deleting after measuring, {shape}, {files:,} files",
            [
                Contender("rm", ["rm", "-rf", top], "rm -rf TREE"),
                Contender("helper", [*EMPTIED, top], "bench/emptied.py TREE"),
            ],
            bench.slow_runs,
            before=partial(make_known, shape, top, files),
            after=lambda: must_be_empty(top),
            note="Before each run the tree is made anew, written to disk, dropped from the page cache, and measured.",
        )
        remove(top)


def _purger() -> Contender:
    command = ["dokku", "cache:purge-legacy", "bench-deleting", "--force"]
    return Contender("dokku-cache", command, "dokku cache:purge-legacy APP --force")
