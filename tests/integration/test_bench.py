"""The benchmark runs through on tiny trees: that it gives a page, and no word about how fast anything is."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import DISK

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def directory() -> Iterator[Path]:
    """Give a directory that user dokku can pass through, as pytest's own cannot be."""
    made = Path(tempfile.mkdtemp(prefix="dokku-cache-test-", dir=DISK))
    made.chmod(0o755)
    yield made
    made.rmdir()


def test_the_benchmark_answers_every_question_and_leaves_nothing_behind(directory: Path, tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    variables = {"BENCH_DIRECTORY": str(directory), "BENCH_INSTALLS_NOTHING": "yes", "BENCH_KEEPS_CACHES": "yes"}
    done = subprocess.run(
        [PROJECT / "bench" / "run", "--files", "400", "--runs", "1", "--shapes", "1", "--output", page],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = page.read_text()
    questions = (
        "Doors that",
        "A report on one",
        "Deleting, node_modules, 400 files",
        "Deleting, node_modules, 200 files of user dokku",
        "Measuring, node",
        "Memory, node",
        "What a deploy",
        "A small HTTP request, beside",
    )
    assert [question for question in questions if f"## {question}" not in text] == []
    assert "| `du -s TREE` | 1 |" in text
    assert list(directory.iterdir()) == []
