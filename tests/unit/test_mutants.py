"""The mutants that `make mutants` tries, and those of which it is said that they change nothing."""

from pathlib import Path

import pytest
from mutants.known import HARMLESS
from mutants.modules import MODULES
from mutants.mutations import mutants_of

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
