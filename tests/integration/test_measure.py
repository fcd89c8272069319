"""Measuring by many processes: the same figures as du and find, on trees that are hard to walk."""

import subprocess
from pathlib import Path

import pytest

from tests.splitting import measured, split_everything

from . import trees
from .conftest import Server, as_dokku, give

SOURCE = Path(__file__).parents[2] / "src"


def lines_of(*command: object) -> list[str]:
    return subprocess.run(map(str, command), capture_output=True, check=True, text=True).stdout.splitlines()


@pytest.fixture(params=["here", "by others"])
def _manner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "by others":
        split_everything(monkeypatch)


@pytest.mark.usefixtures("_manner")
@pytest.mark.parametrize("make", trees.ALL, ids=lambda make: make.__name__)
def test_every_tree_has_the_size_that_du_gives(server: Server, make: object) -> None:
    cache = server.make_app("shop") / "cache"
    cache.mkdir()
    make(cache)
    found = measured(cache)
    assert found.size_bytes == int(lines_of(trees.DU, "-s", "-B1", cache)[0].split()[0])
    kinds = lines_of("find", cache, "-mindepth", "1", "-printf", r"%y\n")
    assert (found.directories, found.files) == (kinds.count("d"), len(kinds) - kinds.count("d"))
    newest = max(float(time) for time in lines_of("find", cache, "-printf", r"%T@\n"))
    assert found.newest_mtime == pytest.approx(newest, abs=1e-5)
    assert found.unreadable == 0


@pytest.mark.usefixtures("_manner")
def test_what_dokku_may_not_enter_or_search_is_told(server: Server) -> None:
    cache = server.make_app("shop") / "cache"
    for folder in ("one", "two", "three"):
        (cache / "deep" / folder / "inner").mkdir(parents=True)
        (cache / "deep" / folder / "inner" / "file").write_text("x")
    give(cache, 32767)
    (cache / "deep/one").chmod(0o700)
    (cache / "deep/two").chmod(0o744)
    found = as_dokku(lambda: measured(cache))
    assert found.unreadable >= 2
    assert found.files == 1


@pytest.mark.usefixtures("_manner")
def test_another_file_system_below_is_not_entered(server: Server) -> None:
    cache = server.make_cache("shop")
    for number in range(20):
        (cache / f"directory{number}" / "inner").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", cache / "directory7" / "inner"], check=True)
    try:
        (cache / "directory7" / "inner" / "file").write_bytes(b"x" * 1_000_000)
        found = measured(cache)
        assert found.size_bytes == int(lines_of(trees.DU, "-s", "-x", "-B1", cache)[0].split()[0])
    finally:
        subprocess.run(["umount", cache / "directory7" / "inner"], check=True)
    assert found.files == 3


@pytest.mark.usefixtures("_manner")
def test_a_tree_that_vanishes_meanwhile_is_no_error(server: Server) -> None:
    cache = server.make_app("shop") / "cache"
    for number in range(100):
        (cache / f"directory{number}").mkdir(parents=True)
        trees.many(cache / f"directory{number}", 20)
    with subprocess.Popen(["find", str(cache), "-mindepth", "1", "-delete"]) as deleting:
        while deleting.poll() is None:
            assert measured(cache).unreadable == 0
    assert measured(cache).entries == 0


@pytest.mark.parametrize("shape", ["wide", "spread"])
def test_a_hundred_thousand_entries_take_little_memory(server: Server, shape: str) -> None:
    """A tenth of a million: of this process, and of the biggest of those that it starts."""
    cache = server.make_app("shop") / "cache"
    cache.mkdir()
    directories = 10 if shape == "spread" else 1
    for number in range(directories):
        (cache / f"directory{number}").mkdir()
        trees.many(cache / f"directory{number}", 100_000 // directories)
    code = (
        "import os, re, resource, sys; sys.path.insert(0, sys.argv[1]); from dokku_cache.tree.walk import measure; "
        "print(measure(os.open(sys.argv[2], os.O_RDONLY)).files, "
        # A process begins with the peak of who started it, but for this figure (proc(5), VmHWM).
        "re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1], "
        "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    files, own, child = map(int, lines_of("/usr/bin/python3", "-I", "-c", code, SOURCE, cache)[0].split())
    assert files == 100_000
    assert own < 40_000
    assert child < 40_000
