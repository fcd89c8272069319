"""The house stands as docs/architecture.md draws it: floors, rooms, and what lives in each."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
SOURCE = PROJECT / "src" / "dokku_cache"
PAGE = (PROJECT / "docs/architecture.md").read_text()
MODULES = {
    ".".join(path.relative_to(SOURCE).with_suffix("").parts): path
    for path in SOURCE.rglob("*.py")
    if path.name != "__init__.py"
}
ROOMS = {name.split(".")[0] for name in MODULES}
#: Tests of what a page tells people to copy.
PAGES = {("purge", "notify_page"), ("views", "dashboard"), ("views", "monitoring_page"), ("views", "schemas")}


def drawn() -> dict[str, int]:
    """Give the floor of each room, as the page has it."""
    drawing = PAGE.split("```floors\n")[1].split("```")[0]
    return {room: int(line.split()[0]) for line in drawing.splitlines() for room in line.split()[1:]}


FLOORS = drawn()


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "dokku_cache":
            base = ".".join((node.module or "").split(".")[1:])
            names = {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
            found |= {name if name in MODULES else base for name in names}
        elif isinstance(node, ast.Import):
            assert not [alias for alias in node.names if alias.name.startswith("dokku_cache")], path
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relatively"
    return found


GRAPH = {name: imports(path) for name, path in MODULES.items()}


def test_each_room_has_its_floor_and_there_are_at_most_eight_above_the_ground() -> None:
    assert set(FLOORS) == ROOMS
    assert set(FLOORS.values()) == set(range(9))


@pytest.mark.parametrize("name", sorted(MODULES))
def test_nothing_is_imported_from_above_or_from_the_room_next_door(name: str) -> None:
    room = name.split(".", maxsplit=1)[0]
    for other in {imported.split(".")[0] for imported in GRAPH[name]} - {room}:
        is_ground = FLOORS[other] == 0
        assert is_ground or FLOORS[other] < FLOORS[room], f"{name} imports {other}"


def test_there_is_no_circle() -> None:
    assert len(list(TopologicalSorter(GRAPH).static_order())) >= len(MODULES)


def test_at_the_top_lies_only_what_every_call_goes_through() -> None:
    loose = {name for name in MODULES if "." not in name}
    assert loose == {"cli", "arguments", "context", "errors", "interrupts", "modules"}
    for name in loose:
        assert f"`{name}`" in PAGE


@pytest.mark.parametrize("room", sorted(room for room in ROOMS if (SOURCE / room).is_dir()))
def test_a_room_says_what_lives_there_and_the_map_names_each_of_its_modules(room: str) -> None:
    said = ast.get_docstring(ast.parse((SOURCE / room / "__init__.py").read_text())) or ""
    assert said.endswith(".")
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{room}/` |"))
    named = set(re.findall(r"`([a-z_]+)`", row.split("|")[2]))
    if room != "actions":  # whose files are the verbs
        assert named == {name.split(".")[1] for name in MODULES if name.startswith(f"{room}.")}


def test_the_steps_of_a_purge_name_files_that_are_there() -> None:
    steps = PAGE.split("step by step\n")[1].split("\n## ")[0]
    for place in re.findall(r"`([a-z_]+/[a-z_]*)`", steps):
        path = SOURCE / place
        assert path.is_dir() or path.with_suffix(".py").is_file() or (PROJECT / place).exists(), place


def test_unit_tests_mirror_the_rooms() -> None:
    for test in (PROJECT / "tests/unit").glob("*/test_*.py"):
        room = test.parent.name
        assert room in ROOMS
        module = test.stem.removeprefix("test_")
        assert f"{room}.{module}" in MODULES or (room, module) in PAGES, test
