"""Trees to scan and to delete."""

import os
import random
import subprocess
from collections.abc import Callable

_CONTENT = bytes(range(256)) * 256
_MEAN_BYTES = 4500


def packages(top: str, files: int) -> None:
    """Make packages of 50 small files in six directories each, as npm does."""
    names = ("", "dist", "lib", "lib/internal", "node_modules", "node_modules/in")
    for number in range(max(1, files // 50)):
        directories = [os.path.join(top, "node_modules", f"package{number}", name) for name in names]
        for directory in directories:
            os.makedirs(directory, exist_ok=True)
        for file in range(50):
            _write(directories[file % len(directories)], f"file{file}.js")


def directories_of_50(top: str, files: int) -> None:
    """Make directories of 50 small files."""
    for number in range(max(1, files // 50)):
        directory = os.path.join(top, "node_modules", f"package{number}")
        os.makedirs(directory)
        for file in range(50):
            _write(directory, f"file{file}.js")


def one_directory(top: str, files: int) -> None:
    """Make all files in one directory."""
    for number in range(files):
        _write(top, f"file{number:07}")


def chain(top: str, directories: int) -> None:
    """Make a directory in each directory, with six empty files, beyond PATH_MAX."""
    position = os.open(top, os.O_RDONLY)
    for _ in range(directories):
        for number in range(6):
            os.close(os.open(f"file{number}", os.O_WRONLY | os.O_CREAT, dir_fd=position))
        os.mkdir("directory", dir_fd=position)
        below = os.open("directory", os.O_RDONLY, dir_fd=position)
        os.close(position)
        position = below
    os.close(position)


Shape = Callable[[str, int], None]


def make(shape: Shape, top: str, files: int) -> None:
    """Make a tree that belongs to herokuish's user, as most legacy caches do; the same one each time."""
    random.seed(6)
    os.makedirs(top, exist_ok=True)
    shape(top, files)
    subprocess.run(["chown", "-R", "-h", "32767:32767", top], check=True)


def _write(directory: str, name: str) -> None:
    size = min(len(_CONTENT), int(random.expovariate(1 / _MEAN_BYTES)))
    with open(os.path.join(directory, name), "wb", buffering=0) as file:
        file.write(_CONTENT[:size])
