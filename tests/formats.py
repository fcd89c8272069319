"""Write the tables of keys in docs/formats.md from docs/schemas; ``.venv/bin/python tests/formats.py``

A comment ``<!-- keys: SCHEMA [PART] -->`` stands before each table. PART is one of the schema's definitions.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import schemas

PAGE = Path(__file__).parents[1] / "docs/formats.md"
_TABLE = re.compile(r"^<!-- keys: (?P<name>\S+)(?: (?P<part>\S+))? -->\n(?:\n(?:\|.*\n)+)?", re.MULTILINE)
#: Longer lists of values are explained elsewhere.
_MAX_WIDTH = 45


def page(text: str) -> str:
    """Return the page with all tables as the schemas describe them."""
    return _TABLE.sub(_table, text)


def _table(found: re.Match[str]) -> str:
    schema = schemas.schema(found["name"])
    part = schema["$defs"][found["part"]] if found["part"] else schema
    rows = [f"| `{key}` | {_type(value)} | {value['description']} |" for key, value in part["properties"].items()]
    comment = found[0].splitlines()[0]
    return "\n".join([comment, "", "| key | type | meaning |", "|---|---|---|", *rows, ""])


def _type(value: dict[str, Any]) -> str:
    return " or ".join(_types(value))


def _types(value: dict[str, Any]) -> Iterator[str]:
    values = ", ".join(f"`{one}`" for one in value.get("enum", ()))
    if "anyOf" in value:
        for one in value["anyOf"]:
            yield from _types(one)
    elif values:
        yield values if len(values) <= _MAX_WIDTH else "string"
    elif "const" in value:
        yield "integer"
    elif "$ref" in value:
        yield value["$ref"].rpartition("/")[2]
    elif value.get("type") == "array":
        yield f"list of {_type(value['items'])}s"
    else:
        types = value["type"] if isinstance(value["type"], list) else [value["type"]]
        yield from ("time" if "format" in value and one == "string" else one for one in types)


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text()))
