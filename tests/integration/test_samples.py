"""The samples in the pages, and the words of the pictures, are what the program shows; in short, of two pages."""

import subprocess
import sys
from pathlib import Path

from . import proof

TESTS = Path(__file__).parents[1]
PAGES = ["README.md", "docs/how-to/free-a-full-disk.md"]


def check(*words: str | Path) -> None:
    command = [TESTS / "stage", sys.executable, "-B", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\n'make samples' and 'make picture' make them anew"


def test_every_sample_in_the_pages_is_run_and_the_pictures_show_the_same_words() -> None:
    check(TESTS / "samples.py", *([] if proof.IS_LONG else [TESTS.parent / page for page in PAGES]))
    if proof.IS_LONG:
        check(TESTS / "picture.py", "--check")
