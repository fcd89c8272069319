"""The questions that are asked: each gives results that go on the page."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from bench import trees
from bench.beside import beside
from bench.deleting import deleting, deleting_alone
from bench.ground import PYTHON, Bench, make_app, output, remove
from bench.measuring import measuring
from bench.memory import memory
from bench.race import Contender, Result, race

_EMPTY_SCRIPT = "#!/usr/bin/env bash\nset -eo pipefail\n"
_BARE_SDK = (
    "import docker, os; docker.APIClient(base_url=os.environ['DOCKER_HOST'], version='auto').containers(all=True)"
)


def doors(bench: Bench) -> Iterator[Result]:
    """Ask what a call costs when there is nothing to do."""
    empty = os.path.join(bench.work, "empty")
    with open(empty, "w", encoding="utf-8") as script:
        script.write(_EMPTY_SCRIPT)
    os.chmod(empty, 0o755)
    make_app(os.path.join(bench.apps, "bench-doors"))
    output("dokku", "cache:report", "bench-doors")
    yield race(
        "doors that start no Python",
        [
            Contender("empty script", [empty], "an empty bash script"),
            Contender("cache:help", [os.path.join(bench.plugin, "commands"), "cache:help"], "commands cache:help"),
            Contender("post-deploy", [os.path.join(bench.plugin, "post-deploy"), "bench-doors"], "post-deploy APP"),
        ],
        bench.runs * 10,
        note="The app has no cache.",
    )
    report = [os.path.join(bench.plugin, "subcommands", "report"), "cache:report", "bench-doors"]
    yield race(
        "a report on one app without a cache",
        [
            Contender("bare SDK", [PYTHON, "-I", "-c", _BARE_SDK], "Python, docker SDK, list of containers"),
            Contender("cache:report", report, "subcommands/report cache:report APP"),
        ],
        bench.runs * 2,
    )


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


def deploys(bench: Bench) -> Iterator[Result]:
    """Ask how long a deploy waits for us: it should not depend on the size of the cache."""
    output("dokku", "cache:set", "--global", "quiet-time", "0")  # the trees are made now
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


PARTS: dict[str, Callable[[Bench], Iterator[Result]]] = {
    "doors": doors,
    "deleting": deleting,
    "deleting-alone": deleting_alone,
    "measuring": measuring,
    "memory": memory,
    "deploys": deploys,
    "beside": beside,
    "many-apps": many_apps,
}
