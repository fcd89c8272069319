"""What a call costs when there is nothing to do."""

import os
from collections.abc import Iterator

from bench.timing import Contender, Result, race
from bench.workplace import PYTHON, Bench, make_app, output

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
        "entry points with nothing to do",
        [
            Contender("empty script", [empty], "an empty bash script"),
            Contender("cache:help", [os.path.join(bench.plugin, "commands"), "cache:help"], "commands cache:help"),
            Contender("post-deploy", [os.path.join(bench.plugin, "post-deploy"), "bench-doors"], "post-deploy APP"),
            Contender(
                "pre-receive-app",
                [os.path.join(bench.plugin, "pre-receive-app"), "bench-doors"],
                "pre-receive-app APP",
            ),
        ],
        bench.runs * 10,
        note="The app has no cache, and the disks have enough free space, which Python checks.",
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
