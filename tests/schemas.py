"""docs/schemas, made from the tables of docs/formats.md: ``.venv/bin/python tests/schemas.py`` writes them anew."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from formats import PAGE, TABLES, reason_codes, table
from jsonschema import Draft202012Validator

SCHEMAS = PAGE.parent / "schemas"
#: By the name of the file, the heading of what it describes.
DOCUMENTS = {
    "history": "## `cache:history`",
    "list": "## `cache:list`",
    "plan": "## A plan",
    "report": "## `cache:report`",
    "report-global": "## `cache:report --global`",
}
VERSION = 1
_PLAIN: dict[str, dict[str, Any]] = {
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "time": {"type": "string", "format": "date-time"},
    "list of strings": {"type": "array", "items": {"type": "string"}},
}


def schema(name: str) -> dict[str, Any]:
    """Make the schema of a document."""
    definitions: dict[str, Any] = {}
    described = _object(DOCUMENTS[name], definitions)
    described["properties"]["schema-version"] = {"const": VERSION, **_meaning(DOCUMENTS[name], "schema-version")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:dokku-cache:schema:{name}:{VERSION}",
        "title": f"dokku-cache: {re.sub('[#`] ?', '', DOCUMENTS[name]).strip()}",
        **described,
        **({"$defs": definitions} if definitions else {}),
    }


def _object(heading: str, definitions: dict[str, Any]) -> dict[str, Any]:
    rows = table(heading)
    properties = {key: {**_of(kind, definitions), **_meaning(heading, key)} for key, kind in rows.items()}
    return {"type": "object", "required": sorted(rows), "properties": properties}


def _meaning(heading: str, key: str) -> dict[str, str]:
    below = re.split(r"^#", PAGE.read_text().split(f"\n{heading}\n", 1)[1], flags=re.MULTILINE)[0]
    rows = re.findall(rf"^\| `{key}` \| .*? \| (.+) \|$", below, re.MULTILINE)
    # In a plan a cache has all that it has in the list.
    return {"description": re.sub(r"\[(.+?)\]\(.+?\)", r"\1", rows[0])} if rows else _meaning(TABLES["cache"], key)


def _of(kind: str, definitions: dict[str, Any]) -> dict[str, Any]:
    if kind.endswith(" or null"):
        return {"anyOf": [_of(kind.removesuffix(" or null"), definitions), {"type": "null"}]}
    if kind.startswith("one of "):
        words = kind.removeprefix("one of ").replace("`", "").split(", ")
        return {"enum": ["" if word == "empty" else word for word in words]}
    if kind == "reason code":
        definitions["reason-code"] = {"enum": reason_codes()}
    elif kind.startswith("list of ") and kind not in _PLAIN:
        return {"type": "array", "items": _of(kind.removeprefix("list of "), definitions)}
    elif kind not in _PLAIN:
        definitions[kind.replace(" ", "-")] = _object(TABLES[kind], definitions)
    return _PLAIN.get(kind) or {"$ref": f"#/$defs/{kind.replace(' ', '-')}"}


def written(name: str) -> str:
    """Give the text of a file of docs/schemas."""
    return json.dumps(schema(name), indent=2) + "\n"


def path(name: str) -> Path:
    """Give where it is."""
    return SCHEMAS / f"{name}.json"


def keys(described: dict[str, Any], definitions: dict[str, Any], value: Any) -> Iterator[tuple[set[str], set[str]]]:
    """Give the keys that are described and those that are there, of an object and of all in it."""
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


def hold(name: str, document: dict[str, Any]) -> None:
    """Fail unless a document is valid, and has just the keys that its schema has, at every depth."""
    schema = json.loads(path(name).read_text())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(document)
    for described, there in keys(schema, schema.get("$defs", {}), document):
        assert described == there


if __name__ == "__main__":
    SCHEMAS.mkdir(exist_ok=True)
    for document in DOCUMENTS:
        path(document).write_text(written(document))
