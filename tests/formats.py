"""The schema that docs/formats.md describes, read from its tables, and held against what a program gets."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs/formats.md"
_ROW = re.compile(r"^\| `(?P<key>[\w-]+)` \| (?P<type>.*?) \| .+ \|$", re.MULTILINE)


def table(heading: str) -> dict[str, str]:
    """Give the second column of the table below a heading, by the key in the first."""
    below = PAGE.read_text().split(f"\n{heading}\n", 1)[1]
    found = {row["key"]: row["type"] for row in _ROW.finditer(re.split(r"^#", below, flags=re.MULTILINE)[0])}
    assert found, f"no table below {heading}"
    # In a plan a cache has all that it has in the list.
    return {**table("### A cache"), **found} if heading == "### A planned cache" else found


def check_report(values: Mapping[str, Any]) -> None:
    check(values, table("## `cache:report`"))


def check_server_report(values: Mapping[str, Any]) -> None:
    check(values, table("## `cache:report --global`"))


def check_list(values: Mapping[str, Any]) -> None:
    check(values, table("## `cache:list`"))


def check_plan(values: Mapping[str, Any]) -> None:
    check(values, table("## A plan"))


def check_history(values: Mapping[str, Any]) -> None:
    check(values, table("## `cache:history`"))


def reason_codes() -> list[str]:
    below = PAGE.read_text().split("\n## Reason codes\n", 1)[1].split("\n## ")[0]
    return re.findall(r"^\| `([\w-]+)` \|", below, re.MULTILINE)


def check(values: Mapping[str, Any], described: Mapping[str, str]) -> None:
    """Fail unless the keys are those that are described, and each value is of its type."""
    assert set(values) == set(described)
    for key, value in values.items():
        assert is_of(value, described[key]), f"{key}: {value!r} is not {described[key]}"


def is_of(value: object, described: str) -> bool:
    """Tell whether a value is of a type, in the page's words. An object that it names is checked in its turn."""
    if described.endswith(" or null"):
        return value is None or is_of(value, described.removesuffix(" or null"))
    if described.startswith("one of "):
        words = described.removeprefix("one of ").replace("`", "").split(", ")
        return value in ["" if word == "empty" else word for word in words]
    if described == "reason code":
        return value in reason_codes()
    if described in TABLES:
        return _is_object(value, TABLES[described])
    if described.startswith("list of ") and described not in _TYPES:
        each = described.removeprefix("list of ")
        return isinstance(value, list) and all(is_of(item, each) for item in value)
    return _TYPES[described](value)


def _is_time(value: object) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).utcoffset() == timedelta(0)


def _is_object(value: object, heading: str) -> bool:
    assert isinstance(value, dict)
    check(value, table(heading))
    return True


_TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    # To Python, true is a number.
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "time": _is_time,
    "list of strings": lambda value: isinstance(value, list) and all(isinstance(item, str) for item in value),
}
#: Objects within others, by what a table calls them.
TABLES = {
    "cache": "### A cache",
    "disk": "### A disk",
    "engine": "### The engine's build cache",
    "month": "### A month",
    "planned cache": "### A planned cache",
    "purge": "### A purge",
}
