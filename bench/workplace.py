"""What all questions stand on: where they work, and how trees come and go."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from bench import trees

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = "/usr/bin/python3"
#: Each works on the tree, or asks for the file, that is given as its argument.
MEASURED = [PYTHON, "-I", os.path.join(HERE, "measured.py")]
ANSWERED = [PYTHON, "-I", os.path.join(HERE, "answered.py")]
EMPTIED = [PYTHON, "-I", os.path.join(HERE, "emptied.py")]


@dataclass(frozen=True)
class Bench:
    """Where it works, and how much it does.

    ``work``: an empty directory. ``files``: the size of a big tree. ``shapes``: how many of a question's shapes of
    trees it is asked of, or None: all.
    """

    work: str
    files: int
    runs: int
    shapes: int | None = None

    @property
    def slow_runs(self) -> int:
        """How often slow questions are asked: half as often as quick ones."""
        return max(1, self.runs // 2)

    @property
    def tree(self) -> str:
        """Where trees come and go."""
        return os.path.join(self.work, "tree")

    @property
    def big_trees(self) -> tuple[tuple[str, int], ...]:
        """The shapes and numbers of files of a big tree, and of one directory five times as big."""
        return (("node_modules", self.files), ("one directory of empty files", 5 * self.files))[: self.shapes]

    @property
    def file_system(self) -> str:
        """The kind of the file system it works on, and its mount options: ``discard`` alone may decide a race."""
        kind, options = output("findmnt", "--noheadings", "--output=FSTYPE,OPTIONS", "--target", self.work).split()
        return f"{kind} ({options})"

    @property
    def apps(self) -> str:
        """The directory of apps of the stand-in for Dokku."""
        return os.environ["DOKKU_ROOT"]

    @property
    def plugin(self) -> str:
        """The plugin as it is installed there."""
        return os.path.join(os.environ["PLUGIN_PATH"], "enabled", "cache")


def of_cargo(name: str) -> str | None:
    """Give the path of a program that ``cargo install`` brings, if somebody has installed it."""
    return shutil.which(name) or shutil.which(os.path.expanduser(f"~/.cargo/bin/{name}"))


def make_app(directory: str) -> None:
    """Make the directory of an app, if there is none."""
    if not os.path.exists(directory):
        subprocess.run(["install", "--directory", "--owner=dokku", "--group=dokku", directory], check=True)
        with open(os.path.join(directory, "HEAD"), "w", encoding="utf-8") as head:
            head.write("ref: refs/heads/master\n")


def make_cold(shape: str, top: str, files: int, owner: str = trees.HEROKUISH) -> bool:
    """Make a tree anew, and let the page cache forget it; tell whether it did."""
    trees.make(shape, top, files, owner=owner)
    return drop_caches()


def make_known(shape: str, top: str, files: int) -> None:
    """Make a tree anew and measure it, as a purge does before it deletes."""
    if os.path.exists(top):  # the helper leaves the directory itself to its caller
        os.rmdir(top)
    make_cold(shape, top, files)
    output(*MEASURED, top)


def drop_caches() -> bool:
    """Write everything to disk, and forget it; tell whether the kernel lets us.

    Not where BENCH_KEEPS_CACHES is set: the whole machine is slower after it, and so are the tests that go on.
    """
    if os.environ.get("BENCH_KEEPS_CACHES"):
        return False
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w", encoding="utf-8") as control:
            control.write("3")
    except OSError:
        return False
    return True


def must_be_gone(directory: str) -> None:
    """Let no time count that did not do the work. Raises SystemExit."""
    if os.path.lexists(directory):
        sys.exit(f"{directory} was to be deleted, and is still there")


def must_be_empty(directory: str) -> None:
    """Let no time count that did not do the work. Raises SystemExit."""
    if os.path.exists(directory) and os.listdir(directory):
        sys.exit(f"{directory} was to be emptied, and is not")


def remove(top: str) -> None:
    """Remove a tree."""
    subprocess.run(["rm", "-rf", top], check=True)


def output(*command: str) -> str:
    """Give what a command says."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
