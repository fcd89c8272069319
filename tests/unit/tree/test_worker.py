"""The worker program on small trees: it finds the facts that os.walk finds, and deletes everything."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dokku_cache.model.errors import Unknown
from dokku_cache.model.scan import Scan
from dokku_cache.tree import program, worker
from dokku_cache.tree.program import Failed, read_result

#: More than one process does alone, and more than is deleted before a signal arrives.
WIDE = 25_000


def command(mode: str, top: Path, processes: int = 4) -> list[str]:
    status = top.stat()
    return [*program.COMMAND, worker.__file__, mode, f"{status.st_dev}:{status.st_ino}", str(processes)]


def run(mode: str, top: Path, processes: int = 4) -> dict:
    done = subprocess.run(command(mode, top, processes), cwd=top, capture_output=True, check=True)
    assert done.stderr == b""
    return read_result(done.stdout.splitlines(keepends=True), lambda *_: None)


def plain_walk(top: Path) -> Scan:
    blocks, found = {}, {"files": 0, "directories": 0, "mtimes": [top.stat().st_mtime], "ctimes": []}
    ids: dict[str, set[int]] = {"owners": set(), "groups": set()}
    names = {name: frozenset() for name in os.listdir(top)}
    for name in worker.AMBIGUOUS_NAMES & set(names):
        names[name] = frozenset(os.listdir(top / name)) if (top / name).is_dir() else frozenset()
    for directory, directories, files in os.walk(top):
        for name in (".", *directories, *files):
            status = os.lstat(os.path.join(directory, name))
            blocks[status.st_ino] = status.st_blocks
            ids["owners"].add(status.st_uid)
            ids["groups"].add(status.st_gid)
            if os.path.join(directory, name) != f"{top}/.":
                found["mtimes"].append(status.st_mtime)
                found["ctimes"].append(status.st_ctime)
        links = sum(os.path.islink(os.path.join(directory, name)) for name in directories)
        found["directories"] += len(directories) - links
        found["files"] += len(files) + links
    return Scan(
        sum(blocks.values()) * 512,
        found["files"],
        found["directories"],
        max(found["mtimes"]),
        max(found["ctimes"], default=None),
        frozenset(ids["owners"]),
        names,
        groups=frozenset(ids["groups"]),
    )


def random_tree(top: Path, seed: int) -> None:
    """Make some thousand entries: wide and deep places, links of both kinds, and names that are not UTF-8."""
    chance = random.Random(seed)
    directories = [top]
    for number in range(chance.choice((0, 3, 400, 3000))):
        above = chance.choice(directories[-chance.choice((1, 5, 5000)) :])
        name = chance.choice(("lib", "public", f"n{number}", os.fsdecode(b"\xff%d" % number), f"new\nline {number}"))
        path = above / name
        if path.exists() or path.is_symlink() or len(os.fsencode(path)) > 3000:
            continue
        match chance.randrange(6):
            case 0 | 1:
                path.mkdir()
                directories.append(path)
            case 2:
                path.symlink_to("/")
            case 3:
                path.write_bytes(b"x" * chance.randrange(20_000))
                os.link(path, chance.choice(directories) / f"link{number}")
                os.utime(path, ns=(0, chance.randrange(2 * 10**18)))
            case _:
                path.write_bytes(b"x" * chance.randrange(20_000))
    if seed % 3 == 0:
        (top / "many").mkdir()
        for number in range(2500):
            os.mknod(top / "many" / f"wide{number}")
            if number % 10 == 0:
                (top / "many" / f"directory{number}").mkdir()


@pytest.mark.parametrize("seed", range(6))
def test_any_tree_has_the_facts_of_a_plain_walk_and_is_deleted(tmp_path: Path, seed: int) -> None:
    random_tree(tmp_path, seed)
    expected = plain_walk(tmp_path)
    for processes in (1, 4):
        assert Scan.from_result(run("scan", tmp_path, processes)) == expected
    steps: list[tuple[int, int]] = []
    top = os.open(tmp_path, os.O_RDONLY)
    assert program.scan(top, lambda *more: steps.append(more)) == expected
    os.close(top)
    assert sum(entries for entries, _ in steps) == expected.entries
    assert run("delete", tmp_path, 1 + seed % 4) == {"removed": expected.entries, "errors": {}}
    assert os.listdir(tmp_path) == []


def test_more_top_level_names_than_are_reported_are_noticed(tmp_path: Path) -> None:
    for number in range(worker.MAX_NAMES + 1):
        (tmp_path / f"name{number}").touch()
    found = Scan.from_result(run("scan", tmp_path))
    assert (len(found.names), found.has_all_names) == (worker.MAX_NAMES, False)


def test_one_big_subtree_among_empty_ones_is_shared(tmp_path: Path) -> None:
    for number in range(1500):
        (tmp_path / f"empty{number}").mkdir()
    for number in range(100):
        (tmp_path / "empty700" / f"a{number}").mkdir()
        for file in range(100):
            (tmp_path / "empty700" / f"a{number}" / f"f{file}").touch()
    shared: list[bytes] = []

    class Others(worker.Pool):
        def is_ready(self) -> bool:
            return True

        def add(self, unit: bytes) -> None:
            shared.append(unit)

        def report(self, delta: bytes, _kind: bytes = b"") -> None:
            tree.merge(delta)

    top = os.open(tmp_path, os.O_RDONLY)
    tree = worker.Scanner(top)
    others = Others(tree)
    tree.run(worker.TOP)
    most = 0
    while shared:
        before = tree.progress()[0]
        tree.run(shared.pop())
        others.report(tree.take())
        most = max(most, tree.progress()[0] - before)
    os.close(top)
    assert tree.progress()[0] == 1500 + 100 * 101
    assert most < 2 * worker.UNIT_ENTRIES


def test_another_directory_than_expected_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    wrong = [*command("delete", tmp_path)[:-2], "1:2", "4"]
    done = subprocess.run(wrong, cwd=tmp_path, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (worker.EXIT_REPLACED, b"")
    assert os.listdir(tmp_path) == ["file"]


def wide(top: Path) -> None:
    for number in range(WIDE):
        os.mknod(top / f"file{number}")


#: Runs the program with a pause before each file is deleted, so that it is stopped in between on any machine.
_SLOWLY = """
import os, runpy, sys, time
unlink = os.unlink
def after_a_pause(*arguments, **options):
    time.sleep(0.0005)
    unlink(*arguments, **options)
os.unlink = after_a_pause
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@contextmanager
def deleting(top: Path) -> Iterator["subprocess.Popen[bytes]"]:
    slowly = [sys.executable, "-c", _SLOWLY, *command("delete", top)[3:]]
    with subprocess.Popen(slowly, cwd=top, stdout=subprocess.PIPE, start_new_session=True) as process:
        yield process


def test_a_gentle_run_has_the_lowest_priority(tmp_path: Path) -> None:
    wide(tmp_path)
    command_line = [*command("delete", tmp_path), "gentle"]
    with subprocess.Popen(command_line, cwd=tmp_path, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert {os.sched_getscheduler(int(pid)) for pid in (process.pid, *children)} == {os.SCHED_IDLE}
        process.stdout.read()
    assert os.listdir(tmp_path) == []


def is_at_rest(top: Path) -> bool:
    time.sleep(0.3)
    before = len(os.listdir(top))
    time.sleep(0.3)
    return 0 < len(os.listdir(top)) == before


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL, "closed output"])
def test_deleting_stops_at_once(tmp_path: Path, how: signal.Signals | str) -> None:
    wide(tmp_path)
    with deleting(tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        if isinstance(how, signal.Signals):
            process.send_signal(how)
        process.stdout.close()
        process.wait()
    assert is_at_rest(tmp_path)
    assert run("delete", tmp_path)["errors"] == {}
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("killed", [{1}, {1, 2, 3, 4}], ids=["one", "all"])
def test_a_killed_worker_process_ends_a_scan_without_a_result(tmp_path: Path, killed: set[int]) -> None:
    wide(tmp_path)
    killer = (
        f"import os, runpy, signal, sys; forks, killed = [], {killed}\n"
        "def stat(*_, **__): os.kill(os.getpid(), signal.SIGKILL)\n"
        "def forked():\n    if len(forks) in killed: os.stat = stat\n"
        "os.register_at_fork(before=lambda: forks.append(1), after_in_child=forked)\n"
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    program_and_rest = command("scan", tmp_path)[3:]
    done = subprocess.run(
        [sys.executable, "-c", killer, *program_and_rest], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "\n=" not in done.stdout


def test_where_no_process_can_be_started_one_does_everything(tmp_path: Path) -> None:
    wide(tmp_path)
    no_fork = (
        "import errno, os, runpy, sys\n"
        "def fork(): raise BlockingIOError(errno.EAGAIN, 'fork')\n"
        "os.fork = fork; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", no_fork, *command("delete", tmp_path)[3:]],
        cwd=tmp_path,
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout.splitlines()[-1][2:]) == {"removed": WIDE, "errors": {}}


@pytest.mark.parametrize(
    "lines", [[], [b"+ 1 2\n", b"+ 5\n"], [b'= {"files": 1, "dire'], [b"Traceback\n", b"OSError: x"]]
)
def test_incomplete_output_is_no_result(lines: list[bytes]) -> None:
    with pytest.raises(Failed):
        read_result(lines, lambda *_: None)


def test_a_program_that_cannot_run_makes_a_scan_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wide(tmp_path)
    monkeypatch.setattr(program, "COMMAND", ("/bin/false",))
    top = os.open(tmp_path, os.O_RDONLY)
    with pytest.raises(Unknown):
        program.scan(top, lambda *_: None)
    os.close(top)
