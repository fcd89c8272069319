"""The questions that are asked: each gives results that go on the page."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench import trees
from bench.race import Contender, Result, race

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"
_EMPTY_SCRIPT = "#!/usr/bin/env bash\nset -eo pipefail\n"
_BARE_SDK = (
    "import docker, os; docker.APIClient(base_url=os.environ['DOCKER_HOST'], version='auto').containers(all=True)"
)


@dataclass(frozen=True)
class Bench:
    """Where it works, and how much it does: ``work`` is an empty directory, ``files`` the size of a big tree."""

    work: str
    files: int
    runs: int

    @property
    def apps(self) -> str:
        """The directory of apps of the stand-in for Dokku."""
        return os.environ["DOKKU_ROOT"]

    @property
    def plugin(self) -> str:
        """The plugin as it is installed there."""
        return os.path.join(os.environ["PLUGIN_PATH"], "enabled", "cache")


def measuring(bench: Bench) -> Iterator[Result]:
    """Ask how long it takes to know a size, with the page cache warm and cold."""
    for shape in trees.SHAPES:
        top = os.path.join(bench.work, "tree")
        trees.make(shape, top, bench.files, seed=6)
        _agree(top)
        yield race(f"measuring, {shape}, warm", _measurers(top), bench.runs)
        if _drop_caches():
            yield race(f"measuring, {shape}, cold", _measurers(top), max(1, bench.runs // 2), before=_drop_caches)
        _remove(top)


def _measurers(top: str) -> list[Contender]:
    found = [
        Contender("du", ["du", "-s", top], "du -s TREE"),
        Contender("dokku-cache", [PYTHON, "-I", os.path.join(HERE, "measured.py"), top], "bench/measured.py TREE"),
    ]
    if shutil.which("gdu"):
        found.append(Contender("gdu", ["gdu", "-npc", top], "gdu -npc TREE"))
    if diskus := shutil.which("diskus") or shutil.which(os.path.expanduser("~/.cargo/bin/diskus")):
        found.append(Contender("diskus", [diskus, top], "diskus TREE"))
    return found


def _agree(top: str) -> None:
    """Let no figure count that is not the right answer. Raises SystemExit."""
    ours = _output(PYTHON, "-I", os.path.join(HERE, "measured.py"), top).split()[0]
    theirs = _output("du", "-s", "-B1", top).split()[0]
    if ours != theirs:
        sys.exit(f"dokku-cache measures {ours} bytes, and du {theirs}")


def memory(bench: Bench) -> Iterator[Result]:
    """Ask how much memory measuring takes, of a big tree and of one directory five times as big."""
    for shape, files in (("node_modules", bench.files), ("one directory of empty files", 5 * bench.files)):
        top = os.path.join(bench.work, "tree")
        trees.make(shape, top, files)
        peak = _peak_bytes([PYTHON, "-I", os.path.join(HERE, "measured.py"), top])
        yield Result(
            f"memory, {shape}",
            [],
            f"{files:,} files: `bench/measured.py TREE` and all that it starts have {peak >> 20} MB resident at the "
            "most, what they share counted once (PSS, proc_pid_smaps(5)).",
        )
        _remove(top)


def _peak_bytes(command: Sequence[str]) -> int:
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_resident_bytes, [process.pid, *_children(process.pid)])))
            time.sleep(0.01)
    return peak


def _children(process: int) -> list[int]:
    try:
        with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    except OSError:  # it has ended
        return []


def _resident_bytes(process: int) -> int:
    try:
        with open(f"/proc/{process}/smaps_rollup", encoding="ascii") as file:
            return sum(int(line.split()[1]) << 10 for line in file if line.startswith("Pss:"))
    except OSError:  # it has ended
        return 0


def deleting(bench: Bench) -> Iterator[Result]:
    """Ask how long it takes until a cache is gone: with everything, measuring and the container included."""
    app = os.path.join(bench.apps, "bench-deleting")
    cache = os.path.join(app, "cache")
    _make_app(app)
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
            before=_maker(shape, cache, files),
            after=lambda: _must_be_gone(cache),
            note="Before each run the tree is made anew, written to disk, and dropped from the page cache.",
        )
    yield race(
        "deleting, one file",
        [_purger()],
        bench.runs,
        before=lambda: trees.make("one wide directory", cache, 1),
    )


def deleting_alone(bench: Bench) -> Iterator[Result]:
    """Ask what the helper container takes by itself: its directory is measured before, as in every purge."""
    top = os.path.join(bench.work, "tree")
    for shape, files in (("node_modules", bench.files), ("one directory of empty files", 5 * bench.files)):

        def make(shape: str = shape, files: int = files) -> None:
            if os.path.exists(top):  # the helper leaves the directory itself to its caller
                os.rmdir(top)
            _maker(shape, top, files)()
            _output(PYTHON, "-I", os.path.join(HERE, "measured.py"), top)

        yield race(
            f"deleting after measuring, {shape}, {files:,} files",
            [
                Contender("rm", ["rm", "-rf", top], "rm -rf TREE"),
                Contender("helper", [PYTHON, "-I", os.path.join(HERE, "emptied.py"), top], "bench/emptied.py TREE"),
            ],
            max(1, bench.runs // 2),
            before=make,
            after=lambda: _must_be_empty(top),
            note="Before each run the tree is made anew, written to disk, dropped from the page cache, and measured.",
        )
        _remove(top)


def _purger() -> Contender:
    return Contender("dokku-cache", ["dokku", "cache:purge-legacy", "bench-deleting"], "dokku cache:purge-legacy APP")


def doors(bench: Bench) -> Iterator[Result]:
    """Ask what a call costs when there is nothing to do."""
    empty = os.path.join(bench.work, "empty")
    with open(empty, "w", encoding="utf-8") as script:
        script.write(_EMPTY_SCRIPT)
    os.chmod(empty, 0o755)
    _make_app(os.path.join(bench.apps, "bench-doors"))
    subprocess.run(["dokku", "cache:report", "bench-doors"], check=True, capture_output=True)
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
        _remove(os.path.join(bench.apps, name))
    names = [f"bench-many{number}" for number in range(bench.files // 400)]
    for count in (1, len(names) // 10, len(names)):
        for name in names[:count]:
            _make_app(os.path.join(bench.apps, name))
        every = Contender("all apps", ["dokku", "cache:report"], "dokku cache:report")
        yield race(f"a report on all apps, {count} of them", [every], bench.runs, note="None has a cache.")


def deploys(bench: Bench) -> Iterator[Result]:
    """Ask how long a deploy waits for us: it should not depend on the size of the cache."""
    sizes = {"bench-small": 2, "bench-big": bench.files}
    contenders = []
    for app, files in sizes.items():
        _make_app(os.path.join(bench.apps, app))
        trigger = [os.path.join(bench.plugin, "post-deploy"), app, "5000", "127.0.0.1", "latest"]
        as_dokku = ["setpriv", "--reuid", "dokku", "--regid", "dokku", "--init-groups", *trigger]
        contenders.append(Contender(f"{files:,} files", as_dokku, "post-deploy APP"))

    def make_both() -> None:
        for app, files in sizes.items():
            if not os.path.exists(os.path.join(bench.apps, app, "cache")):
                trees.make("node_modules", os.path.join(bench.apps, app, "cache"), files)

    def wait_for_both() -> None:
        while any("trash" in name for app in sizes for name in os.listdir(os.path.join(bench.apps, app))):
            time.sleep(0.1)

    yield race(
        "what a deploy waits for",
        contenders,
        max(1, bench.runs // 2),
        before=make_both,
        after=wait_for_both,
        note="The trigger with a cache to purge: it renames it, and deletes it after the deploy.",
    )


PARTS: dict[str, Callable[[Bench], Iterator[Result]]] = {
    "doors": doors,
    "deleting": deleting,
    "deleting-alone": deleting_alone,
    "measuring": measuring,
    "memory": memory,
    "deploys": deploys,
    "many-apps": many_apps,
}


def _make_app(directory: str) -> None:
    if not os.path.exists(directory):
        subprocess.run(["install", "--directory", "--owner=dokku", "--group=dokku", directory], check=True)
        with open(os.path.join(directory, "HEAD"), "w", encoding="utf-8") as head:
            head.write("ref: refs/heads/master\n")


def _maker(shape: str, top: str, files: int) -> Callable[[], None]:
    def make() -> None:
        trees.make(shape, top, files)
        _drop_caches()

    return make


def _drop_caches() -> bool:
    """Write everything to disk, and forget it; tell whether the kernel lets us."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w", encoding="utf-8") as control:
            control.write("3")
    except OSError:
        return False
    return True


def _must_be_gone(directory: str) -> None:
    if os.path.lexists(directory):
        sys.exit(f"{directory} was to be deleted, and is still there")


def _must_be_empty(directory: str) -> None:
    if os.path.exists(directory) and os.listdir(directory):
        sys.exit(f"{directory} was to be emptied, and is not")


def _remove(top: str) -> None:
    subprocess.run(["rm", "-rf", top], check=True)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
