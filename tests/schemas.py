"""Check documents against docs/schemas, which are the single description of the JSON output."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

SCHEMAS = Path(__file__).parents[1] / "docs/schemas"


def schema(name: str) -> dict[str, Any]:
    """Read a schema by its name: history, list, plan, report or report-global."""
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"{name}.json").read_text())
    return loaded


def keys(described: dict[str, Any], definitions: dict[str, Any], value: Any) -> Iterator[tuple[set[str], set[str]]]:
    """Give the described and the actual keys of an object and of every object below it."""
    if "$ref" in described:
        yield from keys(definitions[described["$ref"].rpartition("/")[2]], definitions, value)
    elif "anyOf" in described and value is not None:
        yield from keys(described["anyOf"][0], definitions, value)
    elif isinstance(value, dict):
        yield set(described["properties"]), set(value)
        for key, inner in value.items():
            yield from keys(described["properties"].get(key, {}), definitions, inner)
    elif isinstance(value, list):
        for item in value:
            yield from keys(described["items"], definitions, item)


def check_document(name: str, document: Any) -> None:
    """Fail unless a document is valid and has exactly the keys of its schema, at every depth."""
    described = schema(name)
    Draft202012Validator(described, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(document)
    for expected, actual in keys(described, described.get("$defs", {}), document):
        assert expected == actual
