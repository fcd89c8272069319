"""Removing volumes of a real engine that change meanwhile, and of broken engines."""

import io
import json
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dokku_cache.actions import cli
from dokku_cache.dokku import apps, history
from dokku_cache.engine import storage
from dokku_cache.engine.client import Engine
from dokku_cache.model.errors import CacheError, ExitCode, Refused
from dokku_cache.model.finding import Finding, Outcome
from dokku_cache.model.state import Initiator, Request
from dokku_cache.output.console import Console
from dokku_cache.purge.recorded import purge
from dokku_cache.survey.context import Context
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.survey.volumes import survey_volumes

from .conftest import Server, as_dokku
from .stub_engine import Failure, stub_engine

Volume = Callable[..., str]


def labels(app: str) -> dict[str, str]:
    return {"com.dokku.builder-type": "herokuish", "com.dokku.app-name": app}


def herokuish(volume: Volume, app: str, size_bytes: int = 0) -> str:
    return volume(f"cache-{app}", size_bytes, **{"builder-type": "herokuish", "app-name": app})


def has(name: str) -> bool:
    return subprocess.run(["docker", "volume", "inspect", name], capture_output=True, check=False).returncode == 0


def context(server: Server, docker_host: str = "", err: io.StringIO | None = None) -> Context:
    environment = server.environment
    engine = Engine(docker_host or environment.docker_host)
    console = Console(out=io.StringIO(), err=err or io.StringIO())
    return Context(replace(environment, docker_host=docker_host), console, engine)


def planned(here: Context, name: str) -> Finding:
    found = survey_volumes(Surveyor(here.environment, here.engine), apps.every())
    return next(finding for finding in found if finding.location.path == name)


def outcome_of(here: Context, finding: Finding, request: Request) -> Outcome | None:
    result = purge(here, finding, request)
    if result.error:
        raise result.error
    return result.outcome


def purge_after(server: Server, name: str, meanwhile: Callable[[], object]) -> Outcome | None:
    """Remove a volume as planned, and do something between plan and removal."""

    def work() -> Outcome | None:
        here = context(server)
        finding = planned(here, name)
        meanwhile()
        return outcome_of(here, finding, Request(Initiator.MANUAL, is_named=True))

    outcome: Outcome | None = as_dokku(work)
    return outcome


def docker(*arguments: str) -> None:
    subprocess.run(["docker", *arguments], capture_output=True, check=True)


def test_a_volume_that_vanishes_after_the_plan_is_nothing_to_do(server: Server, volume: Volume) -> None:
    server.make_app("shop")
    name = herokuish(volume, "shop")
    assert purge_after(server, name, lambda: docker("volume", "rm", name)) is None


@pytest.mark.usefixtures("_image")
def test_a_volume_that_is_mounted_after_the_plan_is_kept(server: Server, volume: Volume) -> None:
    server.make_app("shop")
    name = herokuish(volume, "shop")
    make = ("create", "--name", "mounts-it", "--volume", f"{name}:/x", "dokku-cache-test", "/bin/busybox", "true")
    try:
        with pytest.raises(Refused, match="container mounts-it mounts it"):
            purge_after(server, name, lambda: docker(*make))
    finally:
        docker("rm", "--force", "mounts-it")
    assert has(name)


@pytest.mark.usefixtures("_image")
def test_a_volume_that_is_mounted_at_the_last_moment_is_kept_by_docker(
    server: Server, volume: Volume, engine: Engine
) -> None:
    server.make_app("shop")
    name = herokuish(volume, "shop")
    docker("create", "--name", "mounts-it", "--volume", f"{name}:/x", "dokku-cache-test", "/bin/busybox", "true")
    try:
        with pytest.raises(Refused, match="in use"):
            storage.remove_volume(engine, name)
    finally:
        docker("rm", "--force", "mounts-it")
    assert has(name)


def test_a_new_volume_with_the_same_name_is_kept(server: Server, volume: Volume) -> None:
    server.make_app("shop")
    name = herokuish(volume, "shop")

    def replace_it() -> None:
        docker("volume", "rm", name)
        time.sleep(1.1)  # the engine gives the time of creation in seconds
        docker("volume", "create", *(f"--label={key}={value}" for key, value in labels("shop").items()), name)

    with pytest.raises(Refused, match="was replaced"):
        purge_after(server, name, replace_it)
    assert has(name)


def test_an_app_that_comes_back_keeps_its_volume(server: Server, volume: Volume) -> None:
    name = herokuish(volume, "forum")
    directory = Path(server.environment.lib_root, "config/cache/--global")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "min-age").write_text("0")

    def work() -> None:
        here = context(server)
        finding = planned(here, name)
        assert finding.verdict.state.value == "orphaned"
        (server.root / "forum").mkdir()
        outcome_of(here, finding, Request(Initiator.CRON, auto_purge=True))

    with pytest.raises(Refused, match="live"):
        as_dokku(work)
    assert has(name)


def test_two_purges_of_one_volume_both_end_well(server: Server, volume: Volume) -> None:
    server.make_app("shop")
    name = herokuish(volume, "shop", 50 << 20)

    def work() -> list[object]:
        contexts = [context(server) for _ in range(2)]
        findings = [planned(here, name) for here in contexts]
        results: list[object] = []

        def attempt(here: Context, finding: Finding) -> None:
            try:
                results.append(outcome_of(here, finding, Request(Initiator.MANUAL, is_named=True)))
            except CacheError as error:
                results.append(str(error))

        threads = [threading.Thread(target=attempt, args=pair) for pair in zip(contexts, findings, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [result if isinstance(result, str) else result is not None for result in results]

    # Docker may refuse the second removal while the first one runs.
    ends = as_dokku(work)
    assert True in ends
    assert [end for end in ends if isinstance(end, str) and "Docker does not remove it" not in end] == []
    assert not has(name)


def strange(volumes: Sequence[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "/volumes": {"Volumes": list(volumes)},
        "/images/json": [],
        "/system/df": {"Volumes": [], "BuildCache": []},
        **more,
    }


def made(name: str, app: str, **more: Any) -> dict[str, Any]:
    created = "2022-11-03T10:00:00Z"
    return {"Name": name, "Labels": labels(app), "Driver": "local", "CreatedAt": created, **more}


def act(server: Server, action: str, docker_host: str, *arguments: str) -> tuple[int, str, str]:
    def work() -> tuple[int, str, str]:
        here = context(server, docker_host)
        out, err = io.StringIO(), io.StringIO()
        try:
            code = cli.run_action(replace(here, console=Console(out=out, err=err)), action, arguments)
        except CacheError as error:
            return int(error.exit_code), out.getvalue(), f"{err.getvalue()}{error} {error.hint}"
        return int(code), out.getvalue(), err.getvalue()

    result: tuple[int, str, str] = as_dokku(work)
    return result


def test_many_volumes_need_as_many_requests_as_two(server: Server) -> None:
    server.make_app("shop")
    requests = []
    for count in (2, 500):
        volumes = [made(f"cache-app{number}", f"app{number}") for number in range(count)]
        asked: list[str] = []
        with stub_engine(server.root.parent / f"{count}.sock", strange(volumes), asked=asked) as host:
            code, out, _ = act(server, "purge-volumes", host, "--orphaned", "--dry-run")
        assert code == ExitCode.OK
        assert out.count("  remove  ") == count
        requests.append(sorted(asked))
    assert requests[0] == requests[1]
    assert [request for request in requests[1] if request.startswith(("DELETE", "POST"))] == []


@pytest.mark.parametrize(
    "strangeness",
    [
        {"Driver": "nfs"},
        {"Options": {"type": "none", "o": "bind", "device": "/srv/data"}},
        {"CreatedAt": "soon"},
        {"Labels": {**labels("forum"), "com.dokku.app-name": "../../etc"}},
        {"Labels": {**labels("forum"), "com.dokku.app-name": "for\num"}},
        {"Labels": {"com.dokku.app-name": "forum", "com.dokku.builder-type": "nixpacks"}},
        {"Labels": None},
    ],
    ids=str,
)
def test_a_volume_that_dokku_did_not_create_is_kept(server: Server, strangeness: dict[str, Any]) -> None:
    asked: list[str] = []
    answers = strange([made("cache-forum", "forum", **strangeness)])
    with stub_engine(server.root.parent / "socket", answers, asked=asked) as host:
        code, _, err = act(server, "purge-volumes", host, "--orphaned", "--force")
        assert (code, err) == (ExitCode.OK, "")
        act(server, "auto-purge", host)
    assert [request for request in asked if request.startswith("DELETE")] == []


@pytest.mark.parametrize("failing", ["/containers/json", "/images/json"])
def test_a_failing_request_is_reported_and_removes_nothing(server: Server, failing: str) -> None:
    asked: list[str] = []
    answers = strange([made("cache-forum", "forum"), made("cache-wiki", "wiki")])
    answers[failing] = Failure(500, "device or resource busy")
    with stub_engine(server.root.parent / "socket", answers, asked=asked) as host:
        code, out, err = act(server, "purge-volumes", host, "--orphaned", "--force")
    assert code == ExitCode.FAILED
    assert err.count("Could not check 2 cache volumes: ") == 1
    assert "device or resource busy" in err
    assert "found" not in out
    assert [request for request in asked if request.startswith("DELETE")] == []


def test_a_removal_that_fails_or_hangs_is_recorded(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "REMOVAL_LIMIT_SECONDS", 1)
    names = ("cache-broken", "cache-slow", "cache-forum")
    volumes = {name: made(name, name.removeprefix("cache-")) for name in names}
    answers = strange(
        list(volumes.values()),
        **{f"/volumes/{name}": volume for name, volume in volumes.items()},
        **{"DELETE /volumes/cache-broken": Failure(500, "device or resource busy"), "DELETE /volumes/cache-slow": {}},
    )
    delays = {"DELETE /volumes/cache-slow": 3.0}
    with stub_engine(server.root.parent / "socket", answers, delays) as host:
        code, _, err = act(server, "purge-volumes", host, "--orphaned", "--force")
    assert code == ExitCode.FAILED
    assert "Volume cache-broken was not removed: Docker could not remove it: device or resource busy" in err
    assert "Volume cache-slow was not removed: Docker did not respond within 1 s" in err
    failures = {record.location: record.failure for record in history.read(server.environment).records}
    assert "busy" in failures["cache-broken"]
    assert "did not respond" in failures["cache-slow"]


def test_control_characters_in_names_are_escaped(server: Server) -> None:
    name = "pack-cache-\x1b[2J\n -----> done"
    with stub_engine(server.root.parent / "socket", strange([made(name, "forum", Labels={})])) as host:
        _, out, _ = act(server, "purge-volumes", host, "--orphaned", "--dry-run")
        _, listed, _ = act(server, "list", host, "--format", "json")
    assert "\x1b" not in out
    assert "\n -----> done" not in out
    assert [cache["action"] for cache in json.loads(listed)["caches"] if cache["location"] == name] == [None]
