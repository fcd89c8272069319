"""The samples in README.md are what the program prints."""

import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]


def test_samples_in_the_readme_match_the_output() -> None:
    command = [TESTS / "stage", sys.executable, "-B", TESTS / "samples.py", TESTS.parent / "README.md"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}\nRun 'make samples' to update them"
