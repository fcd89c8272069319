"""Every sample in README and docs shows what the program shows, and so do the pictures."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("program", [["samples.py"], ["picture.py", "--check"]], ids=lambda program: program[0])
def test_every_sample_in_the_pages_is_run_and_the_pictures_show_the_same_words(program: list[str]) -> None:
    words = [TESTS / "stage", sys.executable, "-B", TESTS / program[0], *program[1:]]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n'make samples' and 'make picture' make them anew"
