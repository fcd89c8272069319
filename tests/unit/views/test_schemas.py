"""The schemas, the page that describes them, and real documents agree."""

import json
from enum import Enum
from typing import Any

import generated
import pytest
import schemas
from jsonschema import Draft202012Validator, ValidationError
from schemas import check_document

from dokku_cache.dokku.history import Record
from dokku_cache.model.state import ReasonCode, State
from dokku_cache.output.text import SCHEMA_VERSION
from dokku_cache.survey.inventory import Inventory
from dokku_cache.views import history_table, listing, purging

from .test_listing import HELD, VOLUME
from .test_prometheus import FULL, RUN
from .test_purging import KEPT, PARTLY, REMOVED

PLANNED = [REMOVED, KEPT, PARTLY]
RECORDS = [
    Record("shop", "2026-11-25T03:30:00+00:00", "manual", 5, 6),
    Record("a", "2026-11-25T03:30:00+00:00", "cron"),
]
DOCUMENTS = [
    ("list", listing.values(FULL, RUN)),
    ("list", listing.values(Inventory((HELD, VOLUME), unknown=("Docker did not respond",), hides_others=True))),
    ("plan", purging.plan_values(PLANNED)),
    ("plan", purging.plan_values([])),
    ("history", history_table.values(RECORDS)),
]


@pytest.mark.parametrize("name", ["history", "list", "plan", "report", "report-global"])
def test_a_schema_is_valid_and_has_the_current_version(name: str) -> None:
    schema = schemas.schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:dokku-cache:schema:{name}:{SCHEMA_VERSION}"
    assert schema["properties"]["schema-version"]["const"] == SCHEMA_VERSION
    assert "additionalProperties" not in schema


@pytest.mark.parametrize(("name", "document"), DOCUMENTS)
def test_a_document_is_as_its_schema_describes_it_and_the_other_way_round(
    name: str, document: dict[str, Any]
) -> None:
    check_document(name, document)


def test_a_key_too_many_or_too_few_is_noticed_at_every_depth() -> None:
    for spoil in (
        lambda document: document.update(more=1),
        lambda document: document.pop("total-bytes"),
        lambda document: document["caches"][0].update(more=1),
        lambda document: document["disks"][0].pop("paths"),
        lambda document: document["caches"][0].update({"size-bytes": "5"}),
        lambda document: document.update({"schema-version": 2}),
        lambda document: document["caches"][0].update({"reason-code": "because"}),
    ):
        document = json.loads(json.dumps(listing.values(FULL, RUN)))
        check_document("list", document)
        spoil(document)
        with pytest.raises((ValidationError, AssertionError)):
            check_document("list", document)


def test_the_generated_parts_of_the_docs_are_up_to_date() -> None:
    assert [path for path, _ in generated.outdated()] == [], "run '.venv/bin/python tests/generated.py'"


@pytest.mark.parametrize(("name", "kind"), [("state", State), ("reason-code", ReasonCode)])
def test_every_state_and_reason_code_has_a_description(name: str, kind: type[Enum]) -> None:
    described = {term["const"] for term in schemas.schema("terms")["$defs"][name]["oneOf"]}
    assert described == {member.value for member in kind}


@pytest.mark.parametrize("name", ["list", "plan", "report"])
def test_the_reason_codes_of_every_schema_are_complete(name: str) -> None:
    assert set(schemas.schema(name)["$defs"]["reason-code"]["enum"]) == {code.value for code in ReasonCode}
