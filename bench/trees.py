"""Trees to measure and to delete, the same ones for the same seed."""

import os
import random
import subprocess
from collections.abc import Callable

#: What files are filled with: nothing here depends on the content.
_CONTENT = bytes(range(256)) * 256
HEROKUISH = "32767:32767"
DOKKU = "dokku:dokku"


def node_modules(top: str, files: int, seed: int) -> None:
    """Make packages of 10 to 90 small files in five directories each, as npm does."""
    chance = random.Random(seed)
    package = 0
    while files > 0:
        package += 1
        base = os.path.join(top, "node_modules", f"package{package}")
        directories = [
            base,
            *(os.path.join(base, name) for name in ("dist", "lib", "lib/internal", "node_modules/in")),
        ]
        for directory in directories:
            os.makedirs(directory, exist_ok=True)
        for number in range(min(files, chance.randint(10, 90))):
            _write(chance.choice(directories), f"file{number}.js", chance.expovariate(1 / 4500))
            files -= 1


def ruby_bundle(top: str, files: int, seed: int) -> None:
    """Make gems of some 60 files, their documentation deep and their archives big, as bundler does."""
    chance = random.Random(seed)
    gem = 0
    while files > 0:
        gem += 1
        base = os.path.join(top, "vendor/bundle/ruby/3.2.0/gems", f"gem-{gem}.0")
        directories = [os.path.join(base, name) for name in ("lib", "lib/gem/tasks", "doc/api/v1/classes", "spec")]
        for directory in directories:
            os.makedirs(directory, exist_ok=True)
        for number in range(min(files - 1, chance.randint(20, 100))):
            _write(chance.choice(directories), f"file{number}.rb", chance.expovariate(1 / 3000))
            files -= 1
        os.makedirs(os.path.join(top, "vendor/cache"), exist_ok=True)
        _write(os.path.join(top, "vendor/cache"), f"gem-{gem}.0.gem", chance.randint(20_000, 400_000))
        files -= 1


def wide_directory(top: str, files: int, seed: int) -> None:
    """Make all files in one directory, of 1 kB each in the middle."""
    chance = random.Random(seed)
    for number in range(files):
        _write(top, f"file{number:07}", chance.expovariate(1 / 1500))


def empty_files(top: str, files: int, _seed: int) -> None:
    """Make empty files in one directory: the least work for the disk, and so the most for whoever is in its way."""
    for number in range(files):
        _write(top, f"file{number:07}", 0)


def deep_chain(top: str, files: int, _seed: int) -> None:
    """Make one directory in the other, with six files in each."""
    position = os.open(top, os.O_RDONLY)
    for level in range(files // 6):
        os.mkdir("directory", dir_fd=position)
        below = os.open("directory", os.O_RDONLY, dir_fd=position)
        os.close(position)
        position = below
        for number in range(6):
            os.close(os.open(f"{level}-{number}", os.O_WRONLY | os.O_CREAT, dir_fd=position))
    os.close(position)


def huge_subtree(top: str, files: int, seed: int) -> None:
    """Make 600 empty directories, and one beside them that holds all."""
    for number in range(600):
        os.mkdir(os.path.join(top, f"empty{number}"))
    node_modules(os.path.join(top, "middle"), files, seed)


def huge_files(top: str, files: int, _seed: int) -> None:
    """Make four files, as big as all small ones of other shapes together: 1.3 kB for each."""
    for number in range(4):
        with open(os.path.join(top, f"archive{number}.tar"), "wb") as file:
            for _ in range(max(1, files // 1000)):
                file.write(_CONTENT * 20)


Shape = Callable[[str, int, int], None]
SHAPES: dict[str, Shape] = {
    "node_modules": node_modules,
    "ruby bundle": ruby_bundle,
    "one wide directory": wide_directory,
    "one directory of empty files": empty_files,
    "one deep chain": deep_chain,
    "one huge subtree": huge_subtree,
    "a few huge files": huge_files,
}


def make(shape: str, top: str, files: int, seed: int = 6, owner: str = HEROKUISH) -> None:
    """Make a tree of one of SHAPES, owned by herokuish's user as most legacy caches are, or by another."""
    os.makedirs(top)
    SHAPES[shape](top, files, seed)
    give(top, owner)


def give(top: str, owner: str = HEROKUISH) -> None:
    """Give a tree to a user, written ``user:group`` as for chown(1)."""
    subprocess.run(["chown", "-R", "-h", owner, top], check=True)


def _write(directory: str, name: str, size_bytes: float) -> None:
    with open(os.path.join(directory, name), "wb", buffering=0) as file:
        if size_bytes:
            file.write(_CONTENT[: int(size_bytes) + 1] if size_bytes < len(_CONTENT) else _CONTENT * 4)
