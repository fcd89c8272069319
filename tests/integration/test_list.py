"""List, report and plans of a server with real directories, with real and with broken engines."""

import io
import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from schemas import check_document

from dokku_cache.actions import cli
from dokku_cache.dokku import history
from dokku_cache.dokku.history import Record
from dokku_cache.engine import storage
from dokku_cache.engine.client import Engine
from dokku_cache.model.errors import ExitCode
from dokku_cache.output.console import Console
from dokku_cache.survey import inventory
from dokku_cache.survey.context import Context

from .conftest import Server, as_dokku
from .stub_engine import stub_engine

Volume = Callable[..., str]


def run(server: Server, *arguments: str, action: str = "list", docker_host: str = "") -> tuple[str, str]:
    """Run an action as the dokku user; return its standard output and standard error."""

    def work() -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        environment = server.environment
        engine = Engine(docker_host or environment.docker_host)
        context = Context(replace(environment, docker_host=docker_host), Console(out=out, err=err), engine)
        assert cli.run_action(context, action, arguments) is ExitCode.OK
        return out.getvalue(), err.getvalue()

    written: tuple[str, str] = as_dokku(work)
    return written


def listed(server: Server, *arguments: str, docker_host: str = "") -> dict[str, Any]:
    values: dict[str, Any] = json.loads(run(server, "--format", "json", *arguments, docker_host=docker_host)[0])
    return values


@pytest.fixture
def full_server(server: Server, volume: Volume, container: Callable[[str], str]) -> Server:
    """A cache of each kind: directory, ghost, in use, interrupted; volumes live, orphaned, in use, unlabelled."""
    server.make_cache("shop", 200)
    server.make_cache("wiki")
    server.make_ghost("oldblog")
    cut_short = server.make_cache("cut")
    cut_short.rename(cut_short.parent / ".dokku-cache-trash.0123456789abcdef")
    (server.make_app("link") / "cache").symlink_to("/tmp")
    container(f"{server.root}/wiki/cache:/cache")
    volume("cache-shop", 3000, **{"builder-type": "herokuish", "app-name": "shop"})
    volume("cache-forum", 4000, **{"builder-type": "herokuish", "app-name": "forum"})
    volume("cache-unlabelled", 1)
    volume("pack-cache-dokku_landing_latest-0123456789ab.build", 5000)
    volume("pack-cache-0123456789ab.launch", 6000)
    held = volume("pack-cache-dokku_held_latest-0123456789ab.build", 7000)
    container(f"{held}:/cache")
    return server


def test_the_list_is_valid_and_complete_in_every_format(full_server: Server) -> None:
    values = listed(full_server)
    check_document("list", values)
    # Free space changes meanwhile.
    assert {**yaml.safe_load(run(full_server, "--format", "yaml")[0]), "disks": values["disks"]} == values
    assert values["engine-build-cache"]["size-bytes"] >= 0

    families = list(text_string_to_metric_families(run(full_server, "--format", "prometheus")[0]))
    assert families[0].name == "dokku_cache_size_bytes"
    assert {sample.labels["location"]: sample.value for sample in families[0].samples}["cache-forum"] == 4000
    assert len(families) >= 10

    disks = {path: disk for disk in values["disks"] for path in disk["paths"]}
    info = ["docker", "info", "--format", "{{.DockerRootDir}}"]
    data_root = subprocess.run(info, capture_output=True, text=True, check=True).stdout.strip()
    assert list(disks) == [f"{full_server.root}", data_root]
    for path, disk in disks.items():
        df = ["df", "--block-size=1", "--output=size", path]
        assert disk["size-bytes"] == int(subprocess.run(df, capture_output=True, check=True).stdout.split()[-1])
        assert 0 < disk["free-bytes"] < disk["size-bytes"]

    caches = {cache["location"].removeprefix(f"{full_server.root}"): cache for cache in values["caches"]}
    for app in ("shop", "wiki", "oldblog"):
        du = subprocess.run(["du", "-s", "-B1", full_server.root / app / "cache"], capture_output=True, check=True)
        assert caches[f"/{app}/cache"]["size-bytes"] == int(du.stdout.split()[0])
    assert caches["/link/cache"]["size-bytes"] is None
    landing, held = (f"pack-cache-dokku_{app}_latest-0123456789ab.build" for app in ("landing", "held"))
    assert {name: (one["state"], one["app-state"], one["action"]) for name, one in caches.items()} == {
        "/shop/cache": ("orphaned", "present", "dokku cache:purge-legacy shop"),
        "/wiki/cache": ("in-use", "present", None),
        "/oldblog/cache": ("orphaned", "ghost", "dokku cache:purge-legacy oldblog"),
        "/cut/cache": ("interrupted", "present", "dokku cache:purge-legacy cut"),
        "/link/cache": ("unsafe", "present", None),
        "cache-shop": ("live", "present", "dokku cache:purge-volumes shop"),
        "cache-forum": ("orphaned", "gone", "dokku cache:purge-volumes --orphaned"),
        "cache-unlabelled": ("unknown", "gone", None),
        landing: ("orphaned", "gone", "dokku cache:purge-volumes --orphaned"),
        "pack-cache-0123456789ab.launch": ("unknown", None, None),
        held: ("in-use", "gone", None),
    }


def test_the_reports_are_valid(full_server: Server) -> None:
    record = Record("shop", history.now(), "manual", 5, 6, 0.5)
    as_dokku(lambda: history.append(full_server.environment, record))
    as_dokku(lambda: history.append(full_server.environment, replace(record, app="wiki", failure="half")))
    lines = run(full_server, "--format", "json", action="report")[0].splitlines()
    reports = [json.loads(line) for line in lines]
    assert len(reports) == 5
    for values in reports:
        check_document("report", values)
    in_yaml = yaml.safe_load_all(run(full_server, "--format", "yaml", action="report")[0])
    assert list(in_yaml) == reports
    of_server = json.loads(run(full_server, "--global", "--format", "json", action="report")[0])
    check_document("report-global", of_server)
    check_document("history", json.loads(run(full_server, "--format", "json", action="history")[0]))


@pytest.mark.parametrize(
    ("action", "arguments"),
    [("purge-legacy", ["--all"]), ("auto-purge", []), ("purge-volumes", ["--orphaned"])],
)
def test_a_plan_is_valid_and_agrees_with_the_list(full_server: Server, action: str, arguments: list[str]) -> None:
    Path(full_server.root, "link/.dokku-cache-trash.0123456789abcdef").mkdir()
    out, _ = run(full_server, *arguments, "--dry-run", "--format", "json", action=action)
    plan = json.loads(out)
    check_document("plan", plan)
    of_list = {cache["location"]: cache for cache in listed(full_server)["caches"]}
    for planned in plan["caches"]:
        listed_as = of_list[planned["location"]]
        same = set(listed_as) - {"size-bytes", "files", "last-modified", "reason"}
        assert {key: planned[key] for key in same} == {key: listed_as[key] for key in same}
        if planned["decision"] == "remove":
            assert planned["size-bytes"] == listed_as["size-bytes"]
            assert planned["kept-reason"] is None or planned["location"].endswith("link/cache")
        else:
            assert planned["kept-reason"]
            assert planned["kept-reason-code"]
    decisions = {planned["location"].removeprefix(str(full_server.root)): planned for planned in plan["caches"]}
    if action != "purge-volumes":
        removed = {name for name, one in decisions.items() if one["decision"] == "remove" and name.startswith("/")}
        assert removed == {"/shop/cache", "/oldblog/cache", "/cut/cache", "/link/cache"}
        assert decisions["/wiki/cache"]["kept-reason-code"] == "mounted-by-container"
        assert decisions["/link/cache"]["kept-reason-code"] == "symlink"
        assert not plan["removed-is-complete"]


def test_an_app_that_vanishes_during_the_scan_is_unknown(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = server.make_cache("shop", 20)
    (server.make_cache("wiki", 20) / "buildcache").chmod(0o700)
    measured = inventory.measure_finding

    def vanish(surveyor: Any, finding: Any, *rest: Any) -> Any:
        if finding.app == "shop" and cache.exists():
            cache.rename(cache.parent.parent.parent / "elsewhere")
        return measured(surveyor, finding, *rest)

    monkeypatch.setattr(inventory, "measure_finding", vanish)
    # As root, because it moves a directory of another user.
    out, err = io.StringIO(), io.StringIO()
    context = Context(server.environment, Console(out=out, err=err), Engine(os.environ["DOCKER_HOST"]))
    assert cli.run_action(context, "list", ["--format", "json", "--kind", "legacy"]) is ExitCode.OK
    found = {cache["app"]: (cache["size-bytes"], cache["files"]) for cache in json.loads(out.getvalue())["caches"]}
    assert found["shop"] == (None, None)
    assert found["wiki"][1] == 20
    assert "Could not determine the size of the legacy cache of shop" in err.getvalue()


HOSTILE = [
    "pack-cache-\x1b[2J",
    "pack-cache-a\nb",
    "pack-cache-a;reboot",
    "pack-cache-$(id)",
    'pack-cache-"\\',
    "pack-cache-\u202e",
]


def test_a_hostile_volume_name_is_escaped_and_in_no_command(server: Server) -> None:
    labels = {"com.dokku.builder-type": "herokuish", "com.dokku.app-name": "gone"}
    volumes = [{"Name": name, "Labels": labels} for name in HOSTILE]
    answers = {"/volumes": {"Volumes": volumes}, "/system/df": {"Volumes": []}}
    with stub_engine(server.root.parent / "engine.sock", answers) as docker_host:
        values = listed(server, docker_host=docker_host)
        table, _ = run(server, docker_host=docker_host)
        exposed, _ = run(server, "--format", "prometheus", docker_host=docker_host)
    assert {cache["location"] for cache in values["caches"]} == set(HOSTILE)
    assert all(cache["action"] is None and cache["size-bytes"] is None for cache in values["caches"])
    assert " pack-cache-\\x1b[2J" in table
    assert "docker volume rm" not in table
    assert all(character.isprintable() or character == "\n" for character in table)
    assert len(next(iter(text_string_to_metric_families(exposed))).samples) == len(HOSTILE)


def test_an_engine_that_counts_sizes_too_long_is_not_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.make_cache("shop")
    monkeypatch.setattr(storage, "LIMIT_SECONDS", 0.5)
    answers = {"/volumes": {"Volumes": [{"Name": "cache-shop", "Labels": None}]}, "/system/df": {}}
    started = time.monotonic()
    with stub_engine(server.root.parent / "engine.sock", answers, {"/system/df": 5}) as docker_host:
        out, err = run(server, "--format", "json", docker_host=docker_host)
    assert time.monotonic() - started < 4
    values = json.loads(out)
    sizes = {cache["location"]: cache["size-bytes"] for cache in values["caches"]}
    assert sizes["cache-shop"] is None
    assert sizes[f"{server.root}/shop/cache"] > 0
    assert values["engine-build-cache"]["size-bytes"] is None
    assert not values["total-is-complete"]
    assert "Docker did not respond within 0.5 s" in err


@pytest.mark.parametrize("answer", ["text", {"BuildCache": [5]}, {"Volumes": [{"UsageData": 5}]}])
def test_an_invalid_answer_of_the_engine_is_unknown(server: Server, answer: Any) -> None:
    with stub_engine(server.root.parent / "engine.sock", {"/volumes": {}, "/system/df": answer}) as docker_host:
        values = listed(server, docker_host=docker_host)
    assert values["engine-build-cache"]["size-bytes"] is None
    assert values["unknown"]


@pytest.mark.parametrize(("offered", "asked"), [("1.41", "1.41"), ("1.100", "1.44")])
def test_sizes_are_requested_in_a_known_api_version(
    server: Server, monkeypatch: pytest.MonkeyPatch, offered: str, asked: str
) -> None:
    with stub_engine(
        server.root.parent / "engine.sock", {"/version": {"ApiVersion": offered}, "/system/df": {}}
    ) as host:
        engine = Engine(host)
        urls: list[str] = []
        get = engine.api.get
        monkeypatch.setattr(engine.api, "get", lambda url, **options: urls.append(url) or get(url, **options))
        storage.disk_usage(engine)
    assert urls[0].endswith(f"/v{asked}/system/df")


def test_many_apps_need_as_many_requests_as_one(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = []
    for apps in (1, 20):
        for number in range(apps):
            server.make_cache(f"app{apps}-{number}", 1)
        volumes = [{"Name": f"cache-app{apps}-{number}"} for number in range(apps)]
        socket = server.root.parent / f"engine{apps}.sock"
        with stub_engine(socket, {"/volumes": {"Volumes": volumes}, "/system/df": {}}) as docker_host:
            engine = Engine(docker_host)
            calls: list[str] = []
            get = engine.api.get
            monkeypatch.setattr(
                engine.api, "get", lambda url, calls=calls, get=get, **o: calls.append(url) or get(url, **o)
            )
            context = Context(server.environment, Console(out=io.StringIO(), err=io.StringIO()), engine)
            cli.run_action(context, "list", ["--format", "json"])
            counts.append(len(calls))
    assert counts[0] == counts[1]
