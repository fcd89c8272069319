"""Which directories are removed and which are kept, with real files and owners, as the dokku user."""

import fcntl
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dokku_cache.actions import triggers
from dokku_cache.engine.client import Engine
from dokku_cache.model.errors import CacheError, Refused
from dokku_cache.model.finding import Finding, Outcome
from dokku_cache.model.state import Initiator, Request, State
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.purger import Purger
from dokku_cache.survey import surveyor as surveyor_module
from dokku_cache.survey.context import Context
from dokku_cache.survey.scanning import measure_finding
from dokku_cache.survey.surveyor import Surveyor

from .conftest import DOKKU, HEROKUISH, Server, age, as_dokku, give, manifest

DAILY, ALL, NAMED = (
    Request(Initiator.CRON, auto_purge=True),
    Request(Initiator.MANUAL),
    Request(Initiator.MANUAL, is_named=True),
)
CONFIRMED = Request(Initiator.MANUAL, is_named=True, is_confirmed=True)
DESTROY = Request(Initiator.DESTROY, in_deploy=True)


def context(server: Server) -> Context:
    return Context(server.environment, Console(is_quiet=True), Engine(server.environment.docker_host))


def scan(server: Server, app: str = "shop") -> Finding:
    """Classify a cache as reports do."""

    def work() -> Finding:
        call = context(server)
        surveyor = Surveyor(call.environment, call.engine)
        with Watcher(call.console) as watcher:
            return measure_finding(surveyor, surveyor.survey([app])[0], watcher, call.console)

    found: Finding = as_dokku(work)
    return found


def state_of(server: Server, app: str = "shop") -> State:
    return scan(server, app).verdict.state


def purge(server: Server, app: str = "shop", request: Request = DAILY) -> Outcome | None:
    def work() -> Outcome | None:
        call = context(server)
        purger = Purger(server.environment, call.engine, Watcher(call.console), request)
        return purger.purge(Surveyor(call.environment, call.engine).survey([app])[0])

    outcome: Outcome | None = as_dokku(work)
    return outcome


def assert_kept(server: Server, state: State, app: str = "shop", *requests: Request) -> Finding:
    """Check that a cache has a state, that no request removes it, and that nothing changes."""
    before = manifest(server.root)
    finding = scan(server, app)
    assert finding.verdict.state is state, finding.verdict
    for request in requests or (DAILY, ALL):
        with pytest.raises(Refused):
            purge(server, app, request)
    assert manifest(server.root) == before
    return finding


def assert_removed(server: Server, app: str = "shop") -> None:
    assert state_of(server, app) is State.ORPHANED
    assert purge(server, app)
    assert not (server.root / app / "cache").exists()


@pytest.fixture(autouse=True)
def _default_age(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default minimum age, with a clock that is 10 days ahead of the files: a ctime cannot be set."""
    server.set("min-age", "1d")
    monkeypatch.setattr(surveyor_module, "clock", lambda: time.time() + 10 * 86400)


@contextmanager
def now(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the plugin have the real time, by which every file was created seconds ago."""
    with monkeypatch.context() as patch:
        patch.setattr(surveyor_module, "clock", time.time)
        yield


DEEP = "buildcache/a/b/c/uploads/photo.jpg"
#: Layouts of real build caches, with the public listing and the owner of that time.
LAYOUTS = {
    "dokku/dokku#7685": ("buildcache/heroku-20/vendor", HEROKUISH),
    "dokku/dokku#2711": ("cedar-14/vendor/bundle", HEROKUISH),
    "dokku/dokku#3418": (".heroku/python/lib", HEROKUISH),
    "progrium/buildstep#145": ("cedar-14/vendor", 29276),
    "heroku/heroku-buildpack-go#329": ("go-path/pkg/mod/github.com/!burnt!sushi/toml@v1.2.0+incompatible", HEROKUISH),
    "heroku/heroku-buildpack-nodejs": ("node/cache/node_modules", HEROKUISH),
}


@pytest.mark.parametrize("source", LAYOUTS)
def test_real_layouts_are_removed_automatically(server: Server, source: str) -> None:
    layout, owner = LAYOUTS[source]
    cache = server.make_ghost("shop", layout)
    (cache / layout / "by-root").write_text("x")
    give(cache, owner)
    give(cache / layout / "by-root", 0)
    subprocess.run(["chmod", "-R", "a-w", str(cache)], check=True)
    is_app = owner == HEROKUISH and "/" in layout[1:7]
    if is_app:
        (cache.parent / "HEAD").write_text("ref: refs/heads/master\n")
    age(cache)
    assert_removed(server)
    assert (server.root / "shop").exists() is is_app


def test_several_buildpacks_side_by_side_are_removed_automatically(server: Server) -> None:
    cache = server.make_ghost("shop", "heroku-18/vendor")
    for name in ("node/node_modules", ".heroku/python", "apt/cache", ".m2/repository"):
        (cache / name).mkdir(parents=True)
    give(cache, HEROKUISH)
    assert_removed(server)


@pytest.mark.parametrize(
    ("place", "mode"),
    [("", 0o755), ("buildcache", 0o755), (DEEP, 0o755), (DEEP, 0o700)],
    ids=["cache", "first level", "deep", "deep and unreadable"],
)
def test_one_file_of_www_data_at_any_depth_keeps_everything(server: Server, place: str, mode: int) -> None:
    cache = server.make_cache("shop")
    (cache / DEEP).parent.mkdir(parents=True)
    (cache / DEEP).write_text("x")
    give(cache, HEROKUISH)
    subprocess.run(["chown", "-h", "www-data", str(cache / place)], check=True)
    (cache / "buildcache").chmod(mode)
    finding = assert_kept(server, State.UNVERIFIED, "shop", DAILY, NAMED, DESTROY)
    assert "www-data" in finding.verdict.reason


@pytest.mark.parametrize(
    ("layout", "owner", "is_ghost"),
    [
        ("photos", HEROKUISH, True),
        ("public/assets", HEROKUISH, False),
        (".m2/repository", 0, False),
        ("node_modules/x", 1000, True),
        ("app/cache", HEROKUISH, False),
        # PostgreSQL's user, and a ghost with files of root alone.
        ("buildcache/base", 70, True),
        ("buildcache/base", 70, False),
        ("cedar-14/vendor", 0, True),
    ],
)
def test_other_layouts_and_owners_are_kept(server: Server, layout: str, owner: int, *, is_ghost: bool) -> None:
    cache = server.make_ghost("shop", layout)
    give(cache, owner)
    if not is_ghost:
        (cache.parent / "HEAD").write_text("ref: refs/heads/master\n")
    assert_kept(server, State.UNVERIFIED, "shop", DAILY, NAMED, DESTROY)


def test_data_next_to_other_files_is_kept(server: Server) -> None:
    """dokku/dokku#2010, #3400: people keep uploads below Dokku's root."""
    cache = server.make_ghost("shared", "buildcache")
    (cache.parent / "VHOST").write_text("shared.example.com\n")  # by plugin:install
    assert state_of(server, "shared") is State.ORPHANED
    (cache.parent / "store").mkdir()
    finding = assert_kept(server, State.UNVERIFIED, "shared", DAILY, ALL, NAMED, DESTROY)
    assert "store" in finding.verdict.reason
    assert purge(server, "shared", CONFIRMED)
    assert not cache.exists()


@pytest.mark.parametrize("copy", [["cp", "-a"], ["mv"]])
def test_files_that_were_just_copied_or_moved_are_recent(
    server: Server, monkeypatch: pytest.MonkeyPatch, copy: list[str]
) -> None:
    source = server.root.parent / "backup"
    (source / "buildcache").mkdir(parents=True)
    (source / "buildcache/file").write_text("x")
    give(source, HEROKUISH)
    age(source)
    cache = server.make_app("shop") / "cache"
    with now(monkeypatch):
        subprocess.run([*copy, str(source), str(cache)], check=True)
        assert (cache / "buildcache/file").stat().st_mtime < time.time() - 86400
        assert_kept(server, State.RECENT, "shop")
        assert purge(server, "shop", NAMED)
    assert not cache.exists()


def test_renaming_the_cache_and_back_does_not_make_it_recent(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = server.make_cache("shop")
    newest = max(path.stat().st_ctime for path in cache.rglob("*"))
    monkeypatch.setattr(surveyor_module, "clock", lambda: newest + 86400 + 0.5)
    time.sleep(1)
    cache.rename(cache.with_name("aside"))
    cache.with_name("aside").rename(cache)
    assert cache.stat().st_ctime > newest + 0.5
    assert state_of(server) is State.ORPHANED


@pytest.mark.parametrize("days", [11, 4000])
def test_timestamps_in_the_future_are_not_old(server: Server, days: int) -> None:
    """The plugin's clock is 10 days ahead of the files."""
    cache = server.make_cache("shop")
    ahead = time.time() + days * 86400
    for path in cache.rglob("*") if days == 11 else [cache / "buildcache/gem1"]:
        os.utime(path, (ahead, ahead))
    assert_kept(server, State.RECENT)
    server.set("min-age", "0")
    assert state_of(server) is (State.RECENT if days > 11 else State.ORPHANED)


@pytest.mark.parametrize(
    ("place", "mode"),
    [(".", 0o755), ("buildcache", 0o755), (DEEP, 0o755), (DEEP, 0o700)],
    ids=["cache", "first level", "deep", "deep and unreadable"],
)
def test_a_recent_write_at_any_depth_is_seen(server: Server, place: str, mode: int) -> None:
    cache = server.make_cache("shop")
    (cache / DEEP).parent.mkdir(parents=True)
    (cache / DEEP).write_text("x")
    give(cache, HEROKUISH)
    age(cache)
    (cache / "buildcache").chmod(mode)
    assert state_of(server) is State.ORPHANED
    moment = surveyor_module.clock() - 3600
    os.utime(cache / place, (moment, moment))
    assert_kept(server, State.RECENT)
    server.set("min-age", "30m")
    assert_removed(server)


def test_an_empty_cache_is_removed_wherever_it_is(server: Server) -> None:
    for app in ("ghost", "shared"):
        cache = server.root / app / "cache"
        cache.mkdir(parents=True)
        if app == "shared":
            (cache.parent / "store").mkdir()
        give(cache.parent, DOKKU)
        give(cache, 33)
        cache.chmod(0o700 if app == "ghost" else 0o755)
        assert_removed(server, app)
    assert not (server.root / "ghost").exists()
    assert (server.root / "shared/store").exists()


@pytest.mark.parametrize("sign", ["image", "container", "setting"])
def test_a_sign_of_life_keeps_a_bare_directory_and_never_removes_one(
    server: Server, container: Callable[..., str], sign: str
) -> None:
    server.make_ghost("shop", "buildcache")
    server.make_ghost("uploads", "5f3a9c")
    assert state_of(server) is State.ORPHANED
    images = []
    for app in ("shop", "uploads"):
        if sign == "image":
            change = f"--change 'LABEL com.dokku.app-name={app}'"
            make = "tar --create --file - --directory / --dereference bin/busybox"
            command = f"{make} | docker import {change} - dokku/{app}:latest"
            subprocess.run(command, shell=True, capture_output=True, check=True)
            images.append(f"dokku/{app}:latest")
        elif sign == "container":
            container("/tmp:/x", "--label", f"com.dokku.app-name={app}")
        else:
            scale = Path(server.environment.lib_root, f"config/ps/{app}/scale")
            scale.parent.mkdir(parents=True)
            scale.write_text("web=1\n")
    try:
        for app in ("shop", "uploads"):
            assert_kept(server, State.UNVERIFIED, app, DAILY, NAMED)
    finally:
        for image in images:
            subprocess.run(["docker", "image", "rm", image], capture_output=True, check=True)


def test_a_lock_file_is_no_sign_of_life_and_is_never_removed(server: Server) -> None:
    cache = server.make_ghost("shop")
    lock = cache.parent / ".deploy.lock"
    lock.touch()
    outcome = purge(server)
    assert outcome
    assert not outcome.removed_ghost
    assert lock.exists()


@pytest.mark.parametrize("mode", [0o755, 0o700], ids=["readable", "unreadable"])
def test_a_write_between_the_scan_and_the_rename_is_noticed(
    server: Server, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    cache = server.make_cache("shop")
    deep = cache / "buildcache/a/b/c"
    deep.mkdir(parents=True)
    give(cache, HEROKUISH)
    (cache / "buildcache").chmod(mode)
    recheck = Surveyor.recheck

    def write_after(self: Surveyor, *arguments: object) -> Finding:
        found: Finding = recheck(self, *arguments)
        (deep / "upload").touch()
        return found

    monkeypatch.setattr(Surveyor, "recheck", write_after)
    subprocess.run(["touch", str(deep / "before")], check=True)
    call = context(server)
    purger = Purger(server.environment, call.engine, Watcher(call.console), DAILY)
    with pytest.raises(CacheError, match="changed during the purge"):
        purger.purge(Surveyor(call.environment, call.engine).survey(["shop"])[0])
    assert sorted(path.name for path in deep.iterdir()) == ["before", "upload"]
    assert sorted(os.listdir(cache.parent)) == ["HEAD", "cache"]


@pytest.mark.parametrize("auto_purge", ["true", "false"])
@pytest.mark.parametrize("kind", ["orphaned", "recent", "unverified", "in-use"])
@pytest.mark.parametrize("command", ["apps:rename", "apps:destroy"])
def test_rename_and_destroy_follow_the_table(
    server: Server, container: Callable[..., str], command: str, kind: str, auto_purge: str
) -> None:
    cache = server.make_cache("shop")
    if kind == "recent":
        moment = surveyor_module.clock()
        os.utime(cache / "buildcache", (moment, moment))
    elif kind == "unverified":
        give(cache / "buildcache/gem1", 33)
    elif kind == "in-use":
        container(f"{cache}:/data")
    server.set("auto-purge", auto_purge, "shop")
    before = manifest(cache)

    def work() -> None:
        os.environ["DOKKU_COMMAND"] = command
        assert triggers.post_delete(context(server), ["shop"]) == 0

    as_dokku(work)
    is_removed = kind == "orphaned" and auto_purge != "false"
    if command == "apps:destroy":
        is_removed = kind in {"orphaned", "recent"}
    assert cache.exists() is not is_removed
    assert is_removed or manifest(cache) == before


@pytest.mark.parametrize("place", ["home/shop/.deploy.lock", "lib/data/apps/shop/.deploy.lock"])
def test_a_deploy_of_any_version_of_dokku_keeps_the_cache(server: Server, place: str) -> None:
    server.make_cache("shop")
    lock = server.root.parent / place
    lock.parent.mkdir(parents=True, exist_ok=True)
    before = manifest(server.root / "shop" / "cache")
    with open(lock, "w") as holder:
        lock.chmod(0o644)
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="is being deployed"):
            purge(server, request=NAMED)
    assert manifest(server.root / "shop" / "cache") == before
    assert purge(server, request=NAMED)


def test_an_app_directory_that_is_a_link_is_reported_with_its_size(server: Server) -> None:
    """Dokku's maintainers helped people to move apps to another disk this way (dokku/dokku#2943)."""
    cache = server.make_cache("shop", files=50)
    elsewhere = server.root.parent / "data"
    elsewhere.mkdir()
    cache.parent.rename(elsewhere / "shop")
    (server.root / "shop").symlink_to(elsewhere / "shop")
    finding = scan(server)
    assert f"{elsewhere}/shop/cache" in finding.verdict.reason
    assert finding.size
    assert finding.size.files == 50
    before = manifest(elsewhere)
    with pytest.raises(Refused):
        purge(server, request=CONFIRMED)
    with pytest.raises(Refused):
        purge(server)
    assert manifest(elsewhere) == before
