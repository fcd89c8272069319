"""Trees that are hard to delete, created relative to open directories, because paths would be too long."""

import os
import shutil
import socket
from pathlib import Path

#: GNU du. The one of uutils 0.8 (Ubuntu 26.04) crashes on a deep tree.
DU = shutil.which("gnudu") or "du"
HOSTILE_NAMES = (
    b"new\nline",
    b"\xff\xfe not UTF-8",
    b"n" * 255,
    b"-rf",
    b"--",
    b"$(touch here)",
    b"`reboot`",
    b"a b\tc",
    b"quote'\"",
    b"*",
    b"\\",
    b".hidden",
    b"...",
    b"%s%n",
    b"\x1b[31m",
    "gr\u00fc\u00df".encode(),
)


def hostile_names(top: Path) -> None:
    for name in HOSTILE_NAMES:
        directory = os.path.join(os.fsencode(top), name)
        os.mkdir(directory)
        for inner in HOSTILE_NAMES:
            Path(os.fsdecode(os.path.join(directory, inner))).write_bytes(b"x")


def chain(top: Path, levels: int, name: str) -> None:
    """Create nested directories, each with a file."""
    position = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    for _ in range(levels):
        os.mkdir(name, dir_fd=position)
        below = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=position)
        os.close(position)
        position = below
        os.close(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=position))
        # chown -R fails for paths of this length.
        os.chown(position, 32767, 32767)
    os.close(position)


def beyond_path_max(top: Path) -> None:
    chain(top, 60, "d" * 200)


def very_deep(top: Path) -> None:
    """Create more levels than the limit of open files, and a path beyond PATH_MAX."""
    chain(top, 1100, "deep")


def two_deep_chains(top: Path) -> None:
    for name in ("one", "two"):
        (top / name).mkdir()
        chain(top / name, 400, "some-directory")


def hostile_chain(top: Path) -> None:
    chain(top, 200, "-rf * ?\n[.\\ é' ;x")


def closed_modes(top: Path) -> None:
    for mode in (0o000, 0o111, 0o444, 0o555, 0o1777, 0o2755):
        directory = top / f"mode{mode:o}"
        (directory / "inner").mkdir(parents=True)
        (directory / "inner" / "file").write_text("x")
        (directory / "inner").chmod(mode)
        directory.chmod(mode)


def special_files(top: Path) -> None:
    os.mkfifo(top / "fifo")
    os.mknod(top / "device", 0o20666, os.makedev(1, 3))
    with socket.socket(socket.AF_UNIX) as listener:
        directory = os.open(top, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{directory}/socket")
        os.close(directory)
    (top / "dangling").symlink_to("/nowhere")


def hard_links(top: Path) -> None:
    for number in range(50):
        file = top / f"file{number}"
        file.write_bytes(b"x" * 10000)
        for other in range(3):
            os.link(file, top / f"link{number}-{other}")


def sparse(top: Path) -> None:
    with open(top / "sparse", "wb") as file:
        file.truncate(1 << 30)
        file.seek(1 << 29)
        file.write(b"x" * 100_000)


def many(top: Path, files: int, name: str = "file{:014}") -> None:
    """Make many empty files in one directory."""
    directory = os.open(top, os.O_RDONLY | os.O_DIRECTORY)
    for number in range(files):
        os.mknod(name.format(number), dir_fd=directory)
    os.close(directory)


def wide(top: Path) -> None:
    many(top, 5000)
    for number in range(0, 5000, 100):
        (top / f"directory{number}").mkdir()


def empty(_top: Path) -> None:
    """Make nothing."""


ALL = (
    hostile_names,
    beyond_path_max,
    very_deep,
    two_deep_chains,
    hostile_chain,
    closed_modes,
    special_files,
    hard_links,
    sparse,
    wide,
    empty,
)
