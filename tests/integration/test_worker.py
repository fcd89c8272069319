"""The worker program as root, on real trees: results as from du and find, and nothing outside is touched."""

import errno
import os
import resource
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.model.scan import Scan
from dokku_cache.tree import program, worker
from dokku_cache.tree.program import read_result

from . import stopper, trees
from .conftest import DOKKU, HEROKUISH, IS_LONG, Server, as_dokku, give, manifest
from .stopper import Stop
from .stopping import content, in_child

#: A tenth of a million entries, in little more memory than Python itself needs.
ENTRIES, MAX_KIB = 100_000, 40_000
#: Prints the peak memory of a program. Starts it from a small process, because the peak of the parent is inherited.
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[2:], cwd=sys.argv[1], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def lines_of(*command: object) -> list[str]:
    return subprocess.run(map(str, command), capture_output=True, check=True, text=True).stdout.splitlines()


def run(mode: str, top: Path, processes: int = 4, **options: Any) -> dict[str, Any]:
    status = top.stat()
    command = [*program.COMMAND, worker.__file__, mode, f"{status.st_dev}:{status.st_ino}", str(processes)]
    done = subprocess.run(command, cwd=top, capture_output=True, check=True, **options)
    assert done.stderr == b""
    return read_result(done.stdout.splitlines(keepends=True), lambda *_: None)


def scan(top: Path, processes: int = 4, **options: Any) -> Scan:
    return Scan.from_result(run("scan", top, processes, **options))


@pytest.fixture
def top(server: Server) -> Path:
    directory = server.root / "top"
    directory.mkdir()
    return directory


@pytest.mark.parametrize("make", trees.ALL, ids=lambda make: make.__name__)
@pytest.mark.parametrize("processes", [1, 8])
def test_every_tree_is_scanned_as_du_does_and_deleted(
    top: Path, make: Callable[[Path], None], processes: int
) -> None:
    make(top)
    found = scan(top, processes)
    assert found.size_bytes == int(lines_of(trees.DU, "-s", "-B1", top)[0].split()[0])
    kinds = lines_of("find", top, "-mindepth", "1", "-printf", r"%y\n")
    assert (found.directories, found.files) == (kinds.count("d"), len(kinds) - kinds.count("d"))
    times = [list(map(float, line.split())) for line in lines_of("find", top, "-printf", r"%T@ %C@\n")]
    assert found.newest_mtime == pytest.approx(max(mtime for mtime, _ in times), abs=1e-6)
    assert found.newest_ctime is None or found.newest_ctime <= max(ctime for _, ctime in times) + 1e-6
    assert found.owners == set(map(int, lines_of("find", top, "-printf", r"%U\n")))
    assert found.is_complete
    assert run("delete", top, processes) == {"removed": len(kinds), "errors": {}}
    assert os.listdir(top) == []


def test_what_dokku_may_not_read_is_counted_as_unreadable(top: Path) -> None:
    for folder in ("one", "two", "three"):
        (top / "deep" / folder / "inner").mkdir(parents=True)
        (top / "deep" / folder / "inner" / "file").write_text("x")
    give(top, HEROKUISH)
    (top / "deep/one").chmod(0o700)
    (top / "deep/two").chmod(0o744)
    found = as_dokku(lambda: scan(top))
    assert found.unreadable >= 2
    assert (found.files, found.owners) == (1, {HEROKUISH})


@pytest.fixture(params=["another file system", "a directory of this one"])
def mounted(top: Path, server: Server, request: pytest.FixtureRequest) -> Iterator[Path]:
    precious, place = server.root / "precious", top / "one" / "mounted"
    place.mkdir(parents=True)
    precious.mkdir()
    source = ["-t", "tmpfs", "none"] if request.param == "another file system" else ["--bind", precious]
    subprocess.run(["mount", *source, place], check=True)
    (place / "inner").mkdir()
    (place / "inner" / "kept").write_text("content")
    (place / "inner").chmod(0o555)
    for number in range(1500):
        (top / f"directory{number}").mkdir()
    yield place
    subprocess.run(["umount", place], check=True)


def test_another_mount_is_neither_counted_nor_entered(top: Path, mounted: Path) -> None:
    found = scan(top)
    assert found.other_mounts == ("one/mounted",)
    assert (found.directories, found.files) == (1501, 0)
    before = manifest(mounted)
    result = run("delete", top)
    assert bytes.fromhex(result["errors"]["18"]) == b"one/mounted"
    assert manifest(mounted) == before
    assert lines_of("find", top, "-xdev", "-type", "d", "-name", "directory*") == []


def test_what_cannot_be_deleted_is_reported_once_and_the_rest_is_deleted(top: Path) -> None:
    for number in range(300):
        (top / f"d{number}").mkdir()
        for file in range(10):
            (top / f"d{number}" / f"f{file}").touch()
    subprocess.run(["chattr", "+i", *(top / "d7").iterdir()], check=True)
    try:
        result = run("delete", top)
    finally:
        subprocess.run(["chattr", "-i", *(top / "d7").iterdir()], check=True)
    assert os.listdir(top) == ["d7"]
    assert len(os.listdir(top / "d7")) == 10
    assert set(result["errors"]) == {"1", "39"}
    assert bytes.fromhex(result["errors"]["1"]).startswith(b"d7/f")


def test_a_tree_that_vanishes_during_a_scan_is_no_error(top: Path) -> None:
    for number in range(100):
        (top / f"directory{number}").mkdir()
        trees.many(top / f"directory{number}", 20)
    with subprocess.Popen(["find", str(top), "-mindepth", "1", "-delete"]) as deleting:
        while deleting.poll() is None:
            assert scan(top).unreadable == 0
    assert scan(top).is_empty


def test_what_is_written_while_it_is_deleted_is_deleted_too(top: Path) -> None:
    trees.many(top, 5000)
    writer = f"i=0; while mkdir -p {top}/new$i/below && [ $i -lt 200 ]; do i=$((i + 1)); done"
    with subprocess.Popen(["sh", "-c", writer]) as writing:
        run("delete", top)
        writing.wait()
    assert run("delete", top)["errors"] == {}
    assert os.listdir(top) == []


@pytest.mark.parametrize("shape", ["wide", "spread", "directories and links"])
def test_a_hundred_thousand_entries_need_little_memory(top: Path, shape: str) -> None:
    for number in range(10 if shape == "spread" else 1):
        directory = top / f"directory{number}"
        directory.mkdir()
        if shape == "directories and links":
            trees.many(directory, ENTRIES // 4)
            for inner in range(ENTRIES // 4):
                (directory / f"directory{inner:014}").mkdir()
                os.link(directory / f"file{inner:014}", top / f"link{inner}")
        else:
            trees.many(directory, ENTRIES // (10 if shape == "spread" else 1))
    for mode in ("scan", "delete"):
        status = top.stat()
        command = [*program.COMMAND, worker.__file__, mode, f"{status.st_dev}:{status.st_ino}", "16"]
        assert int(lines_of("/usr/bin/python3", "-I", "-c", _PEAK, top, *command)[0]) < MAX_KIB
    assert os.listdir(top) == []


def test_a_limit_of_processes_leaves_one_that_does_everything(top: Path) -> None:
    trees.many(top, 5000)
    os.chown(top, DOKKU, DOKKU)
    give(top, DOKKU)

    def work() -> dict[str, Any]:
        return run("delete", top, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (1, 1)))

    assert as_dokku(work) == {"removed": 5000, "errors": {}}


def test_a_disk_that_became_read_only_ends_it_at_once(top: Path) -> None:
    trees.many(top, 3000)
    subprocess.run(["mount", "--bind", top, top], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", top], check=True)
        begun = time.monotonic()
        result = run("delete", top)
        assert set(result["errors"]) == {"30"}
        assert time.monotonic() - begun < 5
    finally:
        subprocess.run(["umount", top], check=True)
    assert len(os.listdir(top)) == 3000


def test_nothing_is_left_running_after_a_worker_is_killed(top: Path) -> None:
    trees.many(top, 20_000)
    status = top.stat()
    command = [*program.COMMAND, worker.__file__, "delete", f"{status.st_dev}:{status.st_ino}", "4"]
    with subprocess.Popen(command, cwd=top, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[0]), 9)
        printed = process.stdout.read()
    is_done = b"\n=" in printed
    assert process.returncode == (0 if is_done else 1)
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
    assert run("delete", top)["errors"] == {}
    assert os.listdir(top) == []


#: So small that even a small tree is shared between processes.
_UNITS = {"UNIT_ENTRIES": 3, "BATCH": 2, "OPEN_LEVELS": 1}


def small_tree(top: Path, outside: Path) -> None:
    subprocess.run(["find", top, "-mindepth", "1", "-delete"], check=True)
    for name in ("a/b/c/d", "e", "f/g"):
        (top / name).mkdir(parents=True)
        for file in range(3):
            (top / name / f"file{file}").touch()
    (top / "e/link").symlink_to(outside)
    os.link(outside / "kept", top / "f/hard")


def test_deleting_that_is_stopped_at_any_call_is_finished_by_the_next(
    top: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program or one of its worker processes is killed, or the call fails."""
    outside = server.root.parent / "outside"
    outside.mkdir()
    (outside / "kept").write_text("content")
    for name, value in _UNITS.items():
        monkeypatch.setattr(worker, name, value)
    status, before = top.stat(), content(outside)

    def enter() -> None:
        os.chdir(top)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)

    def work() -> int:
        return worker.main("delete", f"{status.st_dev}:{status.st_ino}", "2")

    small_tree(top, outside)
    counted = Counter(call.kind for call in stopper.run(enter, work, None, lambda _: True).calls)
    assert os.listdir(top) == []
    assert counted["unlink"] >= 11
    ways = (None, errno.EIO, errno.EACCES, errno.ENOENT)
    calls = [
        (kind, number) for kind in ("openat", "unlink", "rmdir", "write") for number in range(1, counted[kind] + 1)
    ]
    stops = [Stop(*call, failure) for call in calls for failure in ways]
    wrong = []
    for stop in stops if IS_LONG else stops[::5]:
        small_tree(top, outside)
        run_ = stopper.run(enter, work, stop, lambda _: True)
        if in_child(enter, work) or os.listdir(top) or content(outside) != before:
            wrong.append(f"{stop} {run_.stopped_at}: {os.listdir(top)}")
    assert not wrong, "\n".join(wrong)
