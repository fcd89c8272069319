"""docs/grafana-dashboard.json asks for what ``cache:list --format prometheus`` gives."""

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dokku_cache.views import prometheus

from .test_prometheus import FULL, RUN

DOCS = Path(__file__).parents[3] / "docs"
DASHBOARD: dict[str, Any] = json.loads((DOCS / "grafana-dashboard.json").read_text())
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
MONITORED = re.findall(r"^ +expr: (.*)$", (DOCS / "how-to/watch.md").read_text(), re.MULTILINE)
#: What Prometheus itself adds to each sample, and docs/how-to/many-servers.md for servers that another one asks.
ADDED = {"instance", "job", "server"}
METRICS = {
    family.name: {label for sample in family.samples for label in sample.labels}
    for family in text_string_to_metric_families(prometheus.exposition(FULL, RUN) + "\n")
}


def selected(query: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Give each metric of a query with the labels, and their values, that are asked of it."""
    return [
        (name, re.findall(r'(\w+)=~?"([^"]*)"', matchers))
        for name, matchers in re.findall(r"\b(dokku_cache_\w+)(?:\{([^}]*)\})?", query)
    ]


@pytest.mark.parametrize("query", QUERIES)
def test_each_metric_is_there_and_has_the_labels_that_are_asked_of_it(query: str) -> None:
    assert selected(query)
    for name, matchers in selected(query):
        assert name in METRICS
        for label, value in matchers:
            assert label in METRICS[name] | ADDED, f"{name} has no label {label}"
            if label == "instance":
                assert value == "$instance"


@pytest.mark.parametrize("query", QUERIES)
def test_what_is_grouped_or_joined_by_is_a_label_of_what_is_asked(query: str) -> None:
    named = {name for name, _ in selected(query)}
    for keyword, words in re.findall(r"\b(by|on|group_left) ?\(([^)]*)\)", query):
        for label in filter(None, (word.strip() for word in words.split(","))):
            having = [name for name in named if label in METRICS[name] | ADDED]
            # What is joined by has to be in both; a group is of what the join has.
            assert having if keyword != "on" else len(having) == len(named), f"{label} in {query}"


@pytest.mark.parametrize("query", [*QUERIES, *MONITORED])
def test_servers_that_one_instance_asks_for_are_told_apart(query: str) -> None:
    """Two of them may have a volume of one name, and a join of these is an error of the whole query."""
    for labels in re.findall(r"\b(?:by|on) ?\((instance[^)]*)\)", query):
        assert "server" in re.split(r", *", labels)


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: panel["title"])
def test_a_legend_names_labels_that_its_query_leaves(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        group = re.search(r"\bby \(([^)]*)\)", target["expr"])
        left = (
            set(re.split(r", *", group[1]))
            if group
            else set.union(*(METRICS[n] for n, _ in selected(target["expr"])), ADDED)
        )
        assert named <= left


def test_a_state_that_is_asked_for_is_one_that_there_is() -> None:
    page = (DOCS / "formats.md").read_text()
    asked = {
        pair for query in QUERIES for _, matchers in selected(query) for pair in matchers if pair[0] != "instance"
    }
    assert asked
    assert all(f"`{value}`" in page for _, value in asked)


def test_the_list_of_servers_is_asked_of_a_metric_that_is_always_there() -> None:
    (servers,) = (one for one in DASHBOARD["templating"]["list"] if one["name"] == "instance")
    name = re.fullmatch(r"label_values\((\w+), instance\)", servers["definition"])
    assert name
    assert name[1] in METRICS
    assert name[1] in {family.split(" ")[0] for family in prometheus.exposition(type(FULL)(())).splitlines()}


def test_panels_neither_overlap_nor_share_a_number() -> None:
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    taken: set[tuple[int, int]] = set()
    for place in (panel["gridPos"] for panel in DASHBOARD["panels"]):
        cells = set(product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])))
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells


def test_every_metric_that_tells_a_size_or_an_end_is_shown() -> None:
    shown = {name for query in QUERIES for name, _ in selected(query)}
    left_out = set(METRICS) - shown
    assert left_out == {
        "dokku_cache_disk_used_bytes",
        "dokku_cache_engine_build_cache_reclaimable_bytes",
        "dokku_cache_files",
        "dokku_cache_last_modified_timestamp_seconds",
        "dokku_cache_purgeable_caches",
    }
