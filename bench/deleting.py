"""The questions about deleting."""

import os
from collections.abc import Callable, Iterator

from bench import trees
from bench.ground import EMPTIED, Bench, known_maker, make_app, maker, must_be_empty, must_be_gone, output, remove
from bench.race import Contender, Result, race


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
    ):
        contenders = [
            Contender("rm", ["rm", "-rf", cache], "rm -rf cache"),
            _purger(),
            Contender("find", ["find", cache, "-delete"], "find cache -delete"),
        ]
        yield race(
            f"deleting, {shape}, {files:,} files",
            contenders,
            max(1, bench.runs // 2),
            before=_cold_maker(bench, shape, cache, files),
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


def _cold_maker(bench: Bench, shape: str, cache: str, files: int) -> Callable[[], None]:
    make = maker(shape, cache, files)
    small = os.path.join(bench.apps, "bench-warming")
    make_app(small)

    def make_and_warm() -> None:
        make()
        trees.make("one wide directory", os.path.join(small, "cache"), 1)
        output("dokku", "cache:purge-legacy", "bench-warming")

    return make_and_warm


def deleting_alone(bench: Bench) -> Iterator[Result]:
    """Ask what the helper container takes by itself: its directory is measured before, as in every purge."""
    top = os.path.join(bench.work, "tree")
    for shape, files in (("node_modules", bench.files), ("one directory of empty files", 5 * bench.files)):
        yield race(
            f"deleting after measuring, {shape}, {files:,} files",
            [
                Contender("rm", ["rm", "-rf", top], "rm -rf TREE"),
                Contender("helper", [*EMPTIED, top], "bench/emptied.py TREE"),
            ],
            max(1, bench.runs // 2),
            before=known_maker(shape, top, files),
            after=lambda: must_be_empty(top),
            note="Before each run the tree is made anew, written to disk, dropped from the page cache, and measured.",
        )
        remove(top)


def _purger() -> Contender:
    return Contender("dokku-cache", ["dokku", "cache:purge-legacy", "bench-deleting"], "dokku cache:purge-legacy APP")
