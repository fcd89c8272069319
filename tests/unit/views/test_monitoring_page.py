"""What the pages on watching one server, or many, tell people to copy works."""

import re
import subprocess
from pathlib import Path

import yaml
from formats import PAGE as FORMATS
from prometheus_client.parser import text_string_to_metric_families

from dokku_cache.views import prometheus

from .test_prometheus import FULL

HOW_TO = Path(__file__).parents[3] / "docs/how-to"
PAGE = "".join((HOW_TO / name).read_text() for name in ("watch.md", "many-servers.md"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_alert_rules_are_valid_yaml_and_name_metrics_that_there_are() -> None:
    (group,) = yaml.safe_load(blocks("yaml")[0])["groups"]
    assert [set(rule) - {"for"} for rule in group["rules"]] == [{"alert", "expr", "annotations"}] * 4
    known = set(re.findall(r"^\| `(dokku_cache_\w+)`", FORMATS.read_text(), re.MULTILINE))
    named = set(re.findall(r"\bdokku_cache_\w+", PAGE))
    assert named
    assert named <= known


def test_the_alert_on_old_metrics_looks_at_every_file_that_the_pages_write() -> None:
    (pattern,) = re.findall(r'file=~"([^"]*)"', PAGE)
    written = set(re.findall(r'mv \S+ "?([^"\s]+)"?$', PAGE, re.MULTILINE))
    assert written == {"dokku-cache.prom", "dokku-cache-$server.prom"}
    assert all(re.fullmatch(pattern, f"/var/lib/prometheus/node-exporter/{name}") for name in written)


def test_the_scripts_are_valid_bash() -> None:
    for script in blocks("bash"):
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_the_label_that_tells_servers_apart_gets_into_every_sample() -> None:
    (command,) = re.findall(r"^ *(sed .*?) >", PAGE, re.MULTILINE)
    done = subprocess.run(
        ["bash", "-c", f"server=web1.example.com; {command}"],
        input=prometheus.exposition(FULL) + "\n",
        capture_output=True,
        text=True,
        check=True,
    )
    samples = [sample for family in text_string_to_metric_families(done.stdout) for sample in family.samples]
    assert len(samples) > 10
    assert {sample.labels["server"] for sample in samples} == {"web1.example.com"}


def test_crons_line_replaces_the_file_at_once(tmp_path: Path) -> None:
    (line,) = (line for line in blocks("text")[0].splitlines() if line.startswith("17 "))
    command = line.split(" root ")[1].replace("/var/lib/prometheus/node-exporter", str(tmp_path))
    tool = tmp_path / "bin/dokku"
    tool.parent.mkdir()
    for answer, expected in (("echo fresh", "fresh\n"), ("echo half; exit 1", "fresh\n")):
        tool.write_text(f"#!/bin/sh\n{answer}\n")
        tool.chmod(0o755)
        path = f"{tool.parent}:/usr/bin:/bin"
        subprocess.run(["/bin/sh", "-c", command], env={"PATH": path}, check=False)
        assert (tmp_path / "dokku-cache.prom").read_text() == expected
