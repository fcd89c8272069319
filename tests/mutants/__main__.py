"""`python -m mutants PROJECT RESULTS [--left] [MODULE...]`: tries mutants of modules, and notes what became of each.

With `--left` those are tried alone of which it is not known that they are killed or change nothing. PROJECT is a copy
that may be changed; RESULTS a file with a line of json for each mutant, as it is tried. Called by tests/mutants/run,
which sees to it that a mutant can do no harm.
"""

import json
import os
import sys
from pathlib import Path

import pytest

from .known import HARMLESS
from .modules import MODULES, TESTS
from .mutations import Mutant, mutants_of
from .trial import End, Trial, Trials

LEFT = "--left"


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


def _mutants(source: Path, module: str) -> list[Mutant]:
    return mutants_of(module, (source / f"{module.replace('.', '/')}.py").read_text())


def _forget(results: Path, modules: tuple[str, ...], kept: frozenset[str]) -> None:
    """Leave out what an earlier run has found in these modules, but for some keys."""
    known = [(line, json.loads(line)) for line in results.read_text().splitlines(keepends=True)]
    results.write_text(
        "".join(line for line, noted in known if noted["module"] not in modules or noted["key"] in kept)
    )


def _settled(results: Path) -> frozenset[str]:
    """Give the keys of which every mutant was killed, several may have the same, or changes nothing."""
    noted = [json.loads(line) for line in results.read_text().splitlines()]
    left = {one["key"] for one in noted if one["end"] not in {End.KILLED.value, End.ENDLESS.value}}
    return frozenset(one["key"] for one in noted) - (left - set(HARMLESS))


def main() -> int:
    """Try all."""
    project, results, *arguments = sys.argv[1:]
    chosen = tuple(argument for argument in arguments if argument != LEFT) or MODULES
    os.chdir(project)
    source = Path(project) / "src/dokku_cache"
    there = {mutant.key for module in chosen for mutant in _mutants(source, module)}
    settled = _settled(Path(results)) & there if LEFT in arguments else frozenset()
    _forget(Path(results), chosen, settled)
    wanted = ([mutant for mutant in _mutants(source, module) if mutant.key not in settled] for module in chosen)
    trials = Trials(source, wanted, _Noted(Path(results)))
    return int(pytest.main(["-q", "--tb=short", "-p", "no:warnings", *TESTS], plugins=[trials]))


sys.exit(main())
