"""The mutants that `make mutants` tries, and those of which it is said that they change nothing."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from mutants.known import HARMLESS
from mutants.modules import MODULES
from mutants.mutations import mutants_of
from mutants.trial import put_in_place

from dokku_cache.dokku import policy
from dokku_cache.errors import UsageError
from dokku_cache.evidence import durations
from dokku_cache.legacy.state import State, Verdict
from dokku_cache.volumes.telling import tell_gone

SOURCE = Path(__file__).parents[2] / "src/dokku_cache"


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("x = a == b", {"Eq -> NotEq"}),
        ("x = a is not b", {"IsNot -> Is"}),
        ("x = a < b", {"Lt -> LtE", "Lt -> GtE"}),
        ("x = a | b", {"without a", "without b"}),
        ("x = a and b", {"And -> Or", "without 'a'", "without 'b'"}),
        ("x = call(fd, dir_fd=fd)", {"without dir_fd=fd"}),
        ("x = True", {"True -> False"}),
        ("check()", {"without 'check()'"}),
        ("if a:\n    raise b", {"if not a", "without 'raise b'"}),
        ("x = [a for a in b if a]", {"without 'if a'"}),
        ("try:\n    x = a\nexcept OSError:\n    x = b", {"without 'except OSError'"}),
        ('"""Text."""\nx: int', set()),
    ],
)
def test_each_kind_of_place_is_changed(text: str, changes: set[str]) -> None:
    mutants = mutants_of("module", text)
    assert {mutant.change for mutant in mutants} == changes
    for mutant in mutants:
        compile(mutant.source, "module", "exec")


def test_all_that_decides_and_deletes_is_tried() -> None:
    rooms = {"legacy", "volumes", "evidence", "tree", "purge"}
    there = {f"{path.parent.name}.{path.stem}" for room in rooms for path in (SOURCE / room).glob("[a-z]*.py")}
    assert there <= set(MODULES)
    assert all((SOURCE / f"{module.replace('.', '/')}.py").is_file() for module in MODULES)


@pytest.mark.parametrize("key", HARMLESS)
def test_what_changes_nothing_is_still_a_line_of_the_source(key: str) -> None:
    module, _, rest = key.partition(": ")
    lines = (SOURCE / f"{module.replace('.', '/')}.py").read_text().splitlines()
    assert rest.rpartition(" [")[0] in {line.strip() for line in lines}


def takes_it() -> bool:
    with contextlib.suppress(UsageError):
        policy.check("auto-purge", "true", is_global=True)
        return True
    return False


@pytest.mark.parametrize(
    ("key", "tell", "before"),
    [
        ("evidence.durations: if seconds <= 0: [LtE -> Gt]", lambda: durations.as_text(60), "1m"),
        (
            "evidence.durations: FOR_EVER = 100 * 366 * 86400 [366 -> 367]",
            lambda: durations.FOR_EVER,
            100 * 366 * 86400,
        ),
        # In the body of a class, among a function's defaults, and in a function that another one has made.
        ("legacy.state: is_final: bool = True [True -> False]", lambda: Verdict(State.ABSENT).is_final, True),
        (
            "volumes.telling: def tell_gone(console: Console, finding: VolumeFinding, seconds: float, *,"
            " ends_app: bool = False) -> None: [False -> True]",
            lambda: tell_gone.__wrapped__.__kwdefaults__,  # type: ignore[attr-defined]
            {"ends_app": False},
        ),
        ("dokku.policy: if value not in words: [NotIn -> In]", takes_it, True),
    ],
)
def test_a_mutant_is_put_in_the_place_of_what_is_loaded(key: str, tell: Callable[[], object], before: object) -> None:
    module = key.partition(": ")[0]
    text = (SOURCE / f"{module.replace('.', '/')}.py").read_text()
    mutant = next(mutant for mutant in mutants_of(module, text) if mutant.key == key)
    assert tell() == before
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            put_in_place(mutant)
            os._exit(tell() == before)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert tell() == before
