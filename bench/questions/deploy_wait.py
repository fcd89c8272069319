"""How long a deploy waits for us."""

import os
import subprocess
import time
from collections.abc import Iterator

from bench import trees
from bench.timing import Contender, Result, race
from bench.workplace import Bench, make_app, output


def deploy_wait(bench: Bench) -> Iterator[Result]:
    """Ask how long a deploy waits for us: it should not depend on the size of the cache."""
    output("dokku", "cache:set", "--global", "min-age", "0")  # the trees are made now
    sizes = {"bench-small": 2, "bench-big": bench.files}
    contenders = []
    for app, files in sizes.items():
        make_app(os.path.join(bench.apps, app))
        trigger = [os.path.join(bench.plugin, "post-deploy"), app, "5000", "127.0.0.1", "latest"]
        as_dokku = ["setpriv", "--reuid", "dokku", "--regid", "dokku", "--init-groups", *trigger]
        contenders.append(Contender(f"{files:,} files", as_dokku, "post-deploy APP"))

    def make_both() -> None:
        for app, files in sizes.items():
            if not os.path.exists(os.path.join(bench.apps, app, "cache")):
                trees.make("node_modules", os.path.join(bench.apps, app, "cache"), files)

    def wait_for_the_purge() -> None:
        """Let the next run begin when nothing of this one is at work; the other app's cache is still there."""
        while subprocess.run(["pgrep", "-f", "post-deploy bench-"], check=False, capture_output=True).returncode == 0:
            time.sleep(0.1)

    yield race(
        "what a deploy waits for",
        contenders,
        bench.slow_runs,
        before=make_both,
        after=wait_for_the_purge,
        note="The trigger with a cache to purge: it starts a process, which does all of it after the deploy.",
    )
