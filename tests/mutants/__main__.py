"""`python -m mutants PROJECT RESULTS [MODULE...]`: tries the mutants of these modules, and notes what became of each.

PROJECT is a copy that may be changed; RESULTS a file with a line of json for each mutant, as it is tried. Called by
tests/mutants/run, which sees to it that a mutant can do no harm.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .modules import MODULES, TESTS
from .mutations import Mutant, mutants_of
from .trial import Trial, Trials


class _Noted(list[Trial]):
    """What became of the mutants so far, each written down at once."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def append(self, trial: Trial) -> None:
        """Write one down."""
        super().append(trial)
        mutant = trial.mutant
        noted = {"module": mutant.module, "line": mutant.line, "key": mutant.key, "end": trial.end.value}
        with self._path.open("a") as file:
            file.write(json.dumps(noted) + "\n")


def _mutants(source: Path, modules: tuple[str, ...]) -> Iterator[list[Mutant]]:
    for module in modules:
        yield mutants_of(module, (source / f"{module.replace('.', '/')}.py").read_text())


def _forget(results: Path, modules: tuple[str, ...]) -> None:
    """Leave out what an earlier run has found in these modules."""
    lines = results.read_text().splitlines(keepends=True)
    results.write_text("".join(line for line in lines if json.loads(line)["module"] not in modules))


def main() -> int:
    """Try all."""
    project, results, chosen = Path(sys.argv[1]), Path(sys.argv[2]), tuple(sys.argv[3:]) or MODULES
    os.chdir(project)
    _forget(results, chosen)
    source = project / "src/dokku_cache"
    trials = Trials(source, _mutants(source, chosen), _Noted(results))
    return int(pytest.main(["-q", "--tb=short", "-p", "no:warnings", *TESTS], plugins=[trials]))


sys.exit(main())
