"""What a build in a container loses while a cache is deleted beside it."""

import os
from collections.abc import Iterator

from bench import trees
from bench.timing import Contender, Result, race
from bench.workplace import EMPTIED, Bench, make_known, output, remove

_WRITING = "mkdir /work/made && /bin/busybox tar -x -f /work/layer.tar -C /work/made && /bin/busybox sync"
_COMPUTING = (
    "for _ in 1 2 3 4; do /bin/busybox sha256sum /work/layer.tar & /bin/busybox sha256sum /work/layer.tar; wait; done"
)


def containers_meanwhile(bench: Bench) -> Iterator[Result]:
    """Ask how much longer writing and computing take, beside the gentle helper and beside the usual one."""
    build = os.path.join(bench.work, "build")
    _make_layer(build, bench.files // 10)
    image = output("docker", "images", "--quiet", "dokku-cache-helper").split()[0]
    helper = [*EMPTIED, bench.tree]

    def prepare() -> None:
        remove(os.path.join(build, "made"))
        make_known("node_modules", bench.tree, bench.files)

    for what, script in (("that writes and syncs", _WRITING), ("that computes", _COMPUTING)):
        command = ["docker", "run", "--rm", "--network=none", f"--volume={build}:/work", image, "sh", "-c", script]
        yield race(
            f"a container {what}, beside the helper",
            [
                Contender("alone", command, "docker run"),
                Contender("gentle helper", command, "docker run", beside=[*helper, "gently"]),
                Contender("usual helper", command, "docker run", beside=helper),
            ],
            bench.slow_runs,
            before=prepare,
            after=lambda: remove(os.path.join(bench.tree, "node_modules")),
            note=f"Meanwhile {bench.files:,} files are deleted, or as many as that takes; they were measured before.",
        )
    remove(build)
    remove(bench.tree)


def _make_layer(build: str, files: int) -> None:
    """Make an archive as of an image's layer, for a container to unpack."""
    os.mkdir(build)
    content = os.path.join(build, "content")
    trees.make("ruby bundle", content, files)
    output("tar", "-c", "-f", os.path.join(build, "layer.tar"), "-C", content, ".")
    # By the helper, whose image is there from then on.
    output(*EMPTIED, content)
