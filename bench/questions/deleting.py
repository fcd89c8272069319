"""The questions about deleting."""

import os
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
    output,
    remove,
)


def deleting(bench: Bench) -> Iterator[Result]:
    """Ask how long it takes until a cache is gone: with everything, measuring and the container included."""
    app = os.path.join(bench.apps, "bench-deleting")
    cache = os.path.join(app, "cache")
    make_app(app)
    for shape, files in (
        ("node_modules", bench.files),
        ("ruby bundle", bench.files // 4),
        ("one wide directory", bench.files),
        ("one directory of empty files", bench.files),
        ("a few huge files", bench.files),
    )[: bench.shapes]:
        contenders = [
            Contender("rm", ["rm", "-rf", cache], "rm -rf cache"),
            _purger(),
            Contender("find", ["find", cache, "-delete"], "find cache -delete"),
        ]
        yield race(
            f"deleting, {shape}, {files:,} files",
            contenders,
            bench.slow_runs,
            before=partial(_make_cold_beside_warm_programs, bench, shape, cache, files),
            after=lambda: must_be_gone(cache),
            note="Before each run the tree is made anew, written to disk, and dropped from the page cache. Then a "
            "cache of one file is purged: on a server in use, the programs are in the page cache.",
        )
    yield race(
        "deleting, one file",
        [_purger()],
        bench.runs,
        before=lambda: trees.make("one wide directory", cache, 1),
    )


def _make_cold_beside_warm_programs(bench: Bench, shape: str, cache: str, files: int) -> None:
    if not make_cold(shape, cache, files):
        return  # and they are warm
    small = os.path.join(bench.apps, "bench-warming")
    make_app(small)
    trees.make("one wide directory", os.path.join(small, "cache"), 1)
    output("dokku", "cache:purge-legacy", "bench-warming")


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
    return Contender("dokku-cache", ["dokku", "cache:purge-legacy", "bench-deleting"], "dokku cache:purge-legacy APP")
