"""Whether a report grows with the number of apps, and no faster."""

import os
import sys
from collections.abc import Iterator

from bench import trees
from bench.timing import Contender, Result, race
from bench.workplace import Bench, make_app, output, remove


def many_apps(bench: Bench) -> Iterator[Result]:
    """Ask whether a report grows with the number of apps, and no faster."""
    for name in os.listdir(bench.apps):
        remove(os.path.join(bench.apps, name))
    names = [f"bench-many{number}" for number in range(bench.files // 400)]
    for count in sorted({1, max(1, len(names) // 10), len(names)}):
        for name in names[:count]:
            make_app(os.path.join(bench.apps, name))
        reported = output("dokku", "cache:report").count("=====> bench-many")
        if reported != count:
            sys.exit(f"{count} apps were to be reported, and {reported} are")
        every = Contender("all apps", ["dokku", "cache:report"], "dokku cache:report")
        yield race(f"a report on all apps, {count} of them", [every], bench.runs, note="None has a cache.")
    for name in names:
        trees.make("one wide directory", os.path.join(bench.apps, name, "cache"), 10)
    for command in ("report", "list"):
        every = Contender("all apps", ["dokku", f"cache:{command}"], f"dokku cache:{command}")
        yield race(
            f"a {command} of {len(names)} apps with a cache of 10 files each",
            [every],
            bench.slow_runs,
            note="Nearly all of it is spent by triggers of Dokku, here of the stand-in, that tell an app's options.",
        )
