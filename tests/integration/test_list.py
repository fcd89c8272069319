"""The inventory of a server with real directories, by real and by strange engines."""

import io
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from schemas import check_document

from dokku_cache.actions import auto_purge as auto_purge_action
from dokku_cache.actions import history as history_action
from dokku_cache.actions import list as list_action
from dokku_cache.actions import purge_legacy as purge_legacy_action
from dokku_cache.actions import purge_volumes as purge_volumes_action
from dokku_cache.actions import report as report_action
from dokku_cache.caches import inventory
from dokku_cache.context import Context
from dokku_cache.engine import storage
from dokku_cache.engine.client import Engine
from dokku_cache.errors import ExitCode
from dokku_cache.output.console import Console
from dokku_cache.records import history
from dokku_cache.records.history import Record

from .conftest import Server, as_dokku
from .stub_engine import stub_engine

Volume = Callable[..., str]


@pytest.fixture(autouse=True)
def _lists_apps(server: Server) -> None:
    trigger = server.root.parent / "plugins/enabled/apps/app-list"
    trigger.parent.mkdir()
    trigger.write_text(f"#!/bin/sh\nls {server.root}\n")
    trigger.chmod(0o755)


@pytest.fixture
def volume() -> Iterator[Volume]:
    """Make volumes that are not ours; gives a function of a name, a size in bytes, and labels."""
    made: list[str] = []

    def make(name: str, size_bytes: int = 0, **labels: str) -> str:
        options = [word for key, value in labels.items() for word in ("--label", f"com.dokku.{key}={value}")]
        subprocess.run(["docker", "volume", "create", *options, name], capture_output=True, check=True)
        made.append(name)
        where = subprocess.run(
            ["docker", "volume", "inspect", "--format", "{{.Mountpoint}}", name],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        Path(where, "layer").write_bytes(b"x" * size_bytes)
        return name

    yield make
    subprocess.run(["docker", "volume", "rm", *made], capture_output=True, check=bool(made))


def run(server: Server, *arguments: str, action: Any = list_action, docker_host: str = "") -> tuple[str, str]:
    """Run an action as user dokku; give what it writes to standard output and standard error."""

    def work() -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        environment = server.environment
        engine = Engine(docker_host or environment.docker_host)
        context = Context(replace(environment, docker_host=docker_host), Console(out=out, err=err), engine)
        assert action.run(context, arguments) is ExitCode.OK
        return out.getvalue(), err.getvalue()

    written: tuple[str, str] = as_dokku(work)
    return written


def listed(server: Server, *arguments: str, docker_host: str = "") -> dict[str, Any]:
    values: dict[str, Any] = json.loads(run(server, "--format", "json", *arguments, docker_host=docker_host)[0])
    return values


@pytest.fixture
def full_server(server: Server, volume: Volume, container: Callable[[str], str]) -> Server:
    """One of every kind: directory, ghost, in use; volumes live, gone, in use, nobody's; trash."""
    # Or volumes are too young to go.
    min_age = Path(server.environment.lib_root, "config/cache/--global/min-age")
    min_age.parent.mkdir(parents=True, exist_ok=True)
    min_age.write_text("0")
    server.make_cache("shop", 200)
    server.make_cache("wiki")
    server.make_ghost("oldblog")
    cut_short = server.make_cache("cut")
    cut_short.rename(cut_short.parent / ".dokku-cache-trash.0")
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


def test_list_is_as_the_page_describes_it_in_json_and_in_yaml(full_server: Server) -> None:
    values = listed(full_server)
    check_document("list", values)
    # How full the disks are changes meanwhile.
    assert {**yaml.safe_load(run(full_server, "--format", "yaml")[0]), "disks": values["disks"]} == values
    assert {cache["kind"] for cache in values["caches"]} == {"legacy", "herokuish", "pack"}
    assert values["engine-build-cache"]["size-bytes"] >= 0


def test_the_disks_are_as_df_tells_them(server: Server) -> None:
    told = {path: disk for disk in listed(server)["disks"] for path in disk["paths"]}
    info = ["docker", "info", "--format", "{{.DockerRootDir}}"]
    data_root = subprocess.run(info, capture_output=True, text=True, check=True).stdout.strip()
    assert list(told) == [f"{server.root}", data_root]
    for path, disk in told.items():
        df = ["df", "--block-size=1", "--output=size", path]
        assert disk["size-bytes"] == int(subprocess.run(df, capture_output=True, check=True).stdout.split()[-1])
        assert 0 < disk["free-bytes"] < disk["size-bytes"]


def test_prometheus_text_is_valid_with_every_kind_of_cache(full_server: Server) -> None:
    families = list(text_string_to_metric_families(run(full_server, "--format", "prometheus")[0]))
    samples = {sample.labels["location"]: sample.value for sample in families[0].samples}
    assert families[0].name == "dokku_cache_size_bytes"
    assert samples["cache-forum"] == 4000
    assert len(families) >= 10


def test_each_cache_has_its_state_and_what_can_be_done(full_server: Server) -> None:
    caches = {cache["location"]: cache for cache in listed(full_server)["caches"]}
    root = f"{full_server.root}"
    told = {
        name.removeprefix(root): (cache["state"], cache["app-state"], cache["action"])
        for name, cache in caches.items()
    }
    landing, held = (f"pack-cache-dokku_{app}_latest-0123456789ab.build" for app in ("landing", "held"))
    assert told == {
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


def test_sizes_are_those_of_du(full_server: Server) -> None:
    caches = {cache["location"]: cache for cache in listed(full_server)["caches"]}
    for app in ("shop", "wiki", "oldblog"):
        path = f"{full_server.root}/{app}/cache"
        done = subprocess.run(["du", "-s", "-B1", path], capture_output=True, check=True)
        assert caches[path]["size-bytes"] == int(done.stdout.split()[0])
    assert caches[f"{full_server.root}/link/cache"]["size-bytes"] is None


def test_report_is_as_the_page_describes_it(full_server: Server) -> None:
    record = Record("shop", history.now(), "manual", 5, 6, 0.5)
    as_dokku(lambda: history.append(full_server.environment, record))
    as_dokku(lambda: history.append(full_server.environment, replace(record, app="wiki", failure="half")))
    reports = [
        json.loads(line) for line in run(full_server, "--format", "json", action=report_action)[0].splitlines()
    ]
    assert len(reports) == 5
    for values in reports:
        check_document("report", values)
    in_yaml = yaml.safe_load_all(run(full_server, "--format", "yaml", action=report_action)[0])
    assert list(in_yaml) == reports
    of_server = json.loads(run(full_server, "--global", "--format", "json", action=report_action)[0])
    check_document("report-global", of_server)
    check_document("history", json.loads(run(full_server, "--format", "json", action=history_action)[0]))


@pytest.mark.parametrize(
    ("action", "arguments"),
    [(purge_legacy_action, ["--all"]), (auto_purge_action, []), (purge_volumes_action, ["--orphaned"])],
)
def test_a_plan_is_as_the_page_describes_it_with_what_the_list_says_of_each_cache(
    full_server: Server, action: Any, arguments: list[str]
) -> None:
    Path(full_server.root, "link/.dokku-cache-trash.0").mkdir()
    out, _ = run(full_server, *arguments, "--dry-run", "--format", "json", action=action)
    plan = json.loads(out)
    check_document("plan", plan)
    assert yaml.safe_load(run(full_server, *arguments, "--dry-run", "--format", "yaml", action=action)[0]).keys()
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
    if action is not purge_volumes_action:
        goes = {name for name, one in decisions.items() if one["decision"] == "remove" and name.startswith("/")}
        assert goes == {"/shop/cache", "/oldblog/cache", "/cut/cache", "/link/cache"}
        assert decisions["/wiki/cache"]["kept-reason-code"] == "mounted-by-container"
        assert decisions["/link/cache"]["kept-reason-code"] == "symlink"
        assert not plan["removed-is-complete"]


def test_an_unreadable_directory_is_measured_all_the_same(server: Server) -> None:
    cache = server.make_cache("shop", 20)
    (cache / "buildcache").chmod(0o700)
    found = listed(server)["caches"][0]
    done = subprocess.run(["du", "-s", "-B1", str(cache)], capture_output=True, check=True)
    assert found["size-bytes"] == int(done.stdout.split()[0])
    assert found["files"] == 20


def test_an_app_that_vanishes_while_it_is_measured_is_unknown_and_no_failure(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop", 20)
    server.make_cache("wiki", 3)
    measured = inventory.measure_finding

    def vanish(surveyor: Any, finding: Any, *rest: Any) -> Any:
        if finding.app == "shop" and cache.exists():
            cache.rename(cache.parent.parent.parent / "elsewhere")
        return measured(surveyor, finding, *rest)

    monkeypatch.setattr(inventory, "measure_finding", vanish)
    # It moves what belongs to others, so it is done as root; the measuring is the same.
    out, err = io.StringIO(), io.StringIO()
    context = Context(server.environment, Console(out=out, err=err), Engine(os.environ["DOCKER_HOST"]))
    assert list_action.run(context, ["--format", "json", "--kind", "legacy"]) is ExitCode.OK
    sizes = {cache["app"]: cache["size-bytes"] for cache in json.loads(out.getvalue())["caches"]}
    assert sizes["shop"] is None
    assert sizes["wiki"] > 0
    assert "Could not determine the size of the legacy cache of shop" in err.getvalue()


HOSTILE = [
    "pack-cache-\x1b[2J",
    "pack-cache-a\nb",
    "pack-cache-a;reboot",
    "pack-cache-$(id)",
    'pack-cache-"\\',
    "pack-cache-\u202e",
]


def test_a_volume_with_a_hostile_name_is_shown_escaped_and_put_into_no_command(
    server: Server, tmp_path: Path
) -> None:
    labels = {"com.dokku.builder-type": "herokuish", "com.dokku.app-name": "gone"}
    volumes = [{"Name": name, "Labels": labels} for name in HOSTILE]
    answers = {"/volumes": {"Volumes": volumes}, "/system/df": {"Volumes": []}}
    with stub_engine(server.root.parent / "engine.sock", answers) as docker_host:
        values = listed(server, docker_host=docker_host)
        table, _ = run(server, docker_host=docker_host)
        exposed, _ = run(server, "--format", "prometheus", docker_host=docker_host)
    assert {cache["location"] for cache in values["caches"]} == set(HOSTILE)
    assert all(cache["action"] is None and cache["size-bytes"] is None for cache in values["caches"])
    assert "volume pack-cache-\\x1b[2J" in table
    assert "docker volume rm" not in table
    assert all(character.isprintable() or character == "\n" for character in table)
    assert len(next(iter(text_string_to_metric_families(exposed))).samples) == len(HOSTILE)


def test_an_engine_that_counts_too_long_is_waited_for_only_so_long(
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


@pytest.mark.parametrize(
    "answer", [[], "text", {"Volumes": "text"}, {"BuildCache": [5]}, {"Volumes": [{"UsageData": 5}]}]
)
def test_an_engine_that_answers_nonsense_is_told_from_one_that_knows(server: Server, answer: Any) -> None:
    with stub_engine(server.root.parent / "engine.sock", {"/volumes": {}, "/system/df": answer}) as docker_host:
        values = listed(server, docker_host=docker_host)
    assert values["engine-build-cache"]["size-bytes"] is None
    assert values["unknown"]


@pytest.mark.parametrize(
    ("offered", "asked"), [("1.41", "1.41"), ("1.44", "1.44"), ("1.52", "1.44"), ("1.100", "1.44")]
)
def test_the_engine_is_asked_in_a_version_whose_answer_is_known(
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


def test_the_engine_is_asked_as_often_for_many_apps_as_for_one(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
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
            list_action.run(context, ["--format", "json"])
            counts.append(len(calls))
    assert counts[0] == counts[1]
