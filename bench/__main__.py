"""``python3 -m bench [options]``: measures, and prints one table. Called by bench/run."""

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from bench import trees

_HERE = os.path.dirname(os.path.abspath(__file__))
_SOURCE = os.path.join(os.path.dirname(_HERE), "src")
_PYTHON = ["/usr/bin/python3", "-I"]
_SCAN = f"""import os, sys; sys.path.insert(0, {_SOURCE!r})
from dokku_cache.tree import program
print(program.scan(os.open(sys.argv[1], os.O_RDONLY), lambda *_: None).size_bytes)"""
_DELETE_GENTLY = f"""import os, sys; sys.path.insert(0, {_SOURCE!r})
from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.model.scan import Identity
top = sys.argv[1]
helper = Helper(Engine(os.environ["DOCKER_HOST"]), "bench", top, top, is_gentle=True)
helper.delete(top, Identity.of(os.stat(top)), lambda *_: None)"""
OURS = "dokku-cache"
#: Seconds of each run, by contender; this plugin comes first.
Times = dict[str, list[float]]


def main() -> None:
    """Measure everything, and print the table line by line."""
    parser = argparse.ArgumentParser(prog="bench/run")
    parser.add_argument("--files", type=int, default=200_000, help="in a big tree (200,000)")
    parser.add_argument("--runs", type=int, default=3, help="of each command (3)")
    options = parser.parse_args()
    files, runs = options.files, options.runs
    disk, memory = _app("disk"), _app("memory")
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "bench", memory], check=True)
    _app("memory")
    _app("warm")
    print(f"{os.cpu_count()} processors, Linux {platform.release()}, Python {platform.python_version()}")
    print("\n| task | dokku-cache | other tools | ratio |\n|---|---|---|---|")
    purges: list[tuple[str, str, trees.Shape, int]] = [
        (disk, "{} files, 50 in each directory", trees.directories_of_50, files),
        (disk, "{} files, npm packages of 6 directories", trees.packages, files),
        (disk, "{} files, npm packages", trees.packages, files // 4),
        (disk, "{} files in one directory", trees.one_directory, files),
        (disk, "a chain of {} directories", trees.chain, files // 40),
        (memory, "{} files, 50 in each directory, tmpfs", trees.directories_of_50, files),
    ]
    for app, title, shape, size in purges:
        _row(f"purge {title.format(f'{size:,}')}", _purge(app, shape, size, runs))
    _row("purge 1 file", _purge(disk, trees.one_directory, 1, 2 * runs, peers=False))
    for state, drop in (("cold", _drop_caches), ("warm", lambda: None)):
        _row(f"scan {files:,} files, page cache {state}", _scan(disk, files, runs, drop))
    _row("p99 of an HTTP request during a gentle purge", _neighbor(disk, files, runs))
    subprocess.run(["umount", memory], check=True)


def _row(title: str, times: Times) -> None:
    medians = {name: statistics.median(seconds) for name, seconds in times.items()}
    ours = medians.pop(OURS)
    others = ", ".join(f"{name} {_time(seconds)}" for name, seconds in medians.items())
    ratios = ", ".join(f"{ours / seconds:.2f}" for seconds in medians.values())
    print(f"| {title} | {_time(ours)} | {others} | {ratios} |", flush=True)


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{seconds * 1000:.1f} ms"


def _race(commands: dict[str, Sequence[str]], runs: int, before: Callable[[], object]) -> Times:
    """Time commands in turn, A B A B, so that other load affects all of them alike. ``before`` each: untimed."""
    times: Times = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            before()
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - begun)
    return times


def _purge(app: str, shape: trees.Shape, files: int, runs: int, *, peers: bool = True) -> Times:
    cache = os.path.join(app, "cache")
    commands: dict[str, Sequence[str]] = {OURS: _purge_command(app)}
    if peers:
        commands["rm"] = ["rm", "-rf", cache]
        if shutil.which("rmz"):
            commands["rmz"] = ["rmz", cache]

    def before() -> None:
        if os.path.exists(cache):
            sys.exit(f"{cache} was not removed")
        trees.make(shape, cache, files)
        _drop_caches()

    return _race(commands, runs, before)


def _scan(app: str, files: int, runs: int, drop: Callable[[], object]) -> Times:
    top = os.path.join(app, "scanned")
    trees.make(trees.packages, top, files)
    commands: dict[str, Sequence[str]] = {OURS: [*_PYTHON, "-c", _SCAN, top], "du": ["du", "-s", "-B1", top]}
    sizes = {
        subprocess.run(command, check=True, capture_output=True).stdout.split()[0] for command in commands.values()
    }
    if len(sizes) > 1:
        sys.exit(f"dokku-cache and du differ: {sizes}")
    if shutil.which("diskus"):
        commands["diskus"] = ["diskus", top]
    times = _race(commands, runs, drop)
    shutil.rmtree(top)
    return times


def _neighbor(app: str, files: int, runs: int) -> Times:
    top = os.path.join(app, "deleted")
    seconds = 3.0 if files >= 100_000 else 0.5
    commands: dict[str, Sequence[str]] = {
        OURS: [*_PYTHON, "-c", _DELETE_GENTLY, top],
        "rm": ["rm", "-rf", top],
        "alone": ["true"],
    }
    times: Times = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            trees.make(trees.packages, top, files)
            with subprocess.Popen(command, stdout=subprocess.DEVNULL):
                time.sleep(min(seconds, 1))
                done = [*_PYTHON, os.path.join(_HERE, "neighbor.py"), str(seconds)]
                times[name].append(float(subprocess.run(done, check=True, capture_output=True).stdout))
            shutil.rmtree(top, ignore_errors=True)
    return times


def _app(name: str) -> str:
    directory = os.path.join(os.environ["DOKKU_ROOT"], name)
    subprocess.run(["install", "--directory", "--owner=dokku", "--group=dokku", directory], check=True)
    with open(os.path.join(directory, "HEAD"), "w", encoding="utf-8") as head:
        head.write("ref: refs/heads/master\n")
    return directory


def _purge_command(app: str) -> list[str]:
    return ["dokku", "cache:purge-legacy", os.path.basename(app), "--force"]


def _drop_caches() -> None:
    """Drop the page cache. Then purge one file: on a server in use the programs are in the page cache."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w", encoding="utf-8") as control:
        control.write("3")
    warm = os.path.join(os.environ["DOKKU_ROOT"], "warm")
    trees.make(trees.one_directory, os.path.join(warm, "cache"), 1)
    subprocess.run(_purge_command(warm), check=True, capture_output=True)
    for name in ("rm", "rmz", "du", "diskus"):
        if shutil.which(name):
            subprocess.run([name, "--version"], check=True, capture_output=True)


main()
