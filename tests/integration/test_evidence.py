"""What is proven, and what is not, on real files of real owners, as user dokku."""

import fcntl
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dokku_cache.context import Context
from dokku_cache.engine.client import Engine
from dokku_cache.errors import Kept, Refused
from dokku_cache.evidence.summary import sentences
from dokku_cache.legacy.outcome import Outcome
from dokku_cache.legacy.plan import Finding
from dokku_cache.legacy.state import Mode, State
from dokku_cache.output.console import Console
from dokku_cache.output.progress import Watcher
from dokku_cache.purge.purger import Purger, Request
from dokku_cache.survey.measuring import measure_finding
from dokku_cache.survey.surveyor import Surveyor

from .conftest import DOKKU, Server, age, as_dokku, give, manifest


def examine(server: Server, app: str = "shop") -> Finding:
    """Judge by a walk over everything, as a report does."""

    def look() -> Finding:
        console = Console(is_quiet=True)
        context = Context(server.environment, console, Engine(server.environment.docker_host))
        with Watcher(console) as watcher:
            surveyor = Surveyor(context.environment, context.engine)
            return measure_finding(surveyor, surveyor.survey([app])[0], watcher, console)[0]

    finding: Finding = as_dokku(look)
    return finding


def purge(server: Server, app: str = "shop", mode: Mode = Mode.AUTOMATIC) -> Outcome | None:
    def work() -> Outcome | None:
        context = Context(server.environment, Console(is_quiet=True), Engine(server.environment.docker_host))
        purger = Purger(server.environment, context.engine, Watcher(context.console), Request(mode=mode))
        return purger.purge(Surveyor(context.environment, context.engine).survey([app])[0])

    outcome: Outcome | None = as_dokku(work)
    return outcome


def stays(server: Server, state: State, app: str = "shop") -> Finding:
    """Nothing goes by itself, nor in a purge of all, and every byte stays."""
    before = manifest(server.root)
    finding = examine(server, app)
    assert finding.verdict.state is state, finding.verdict
    for mode in (Mode.AUTOMATIC, Mode.ALL) if state is not State.RECENT else (Mode.AUTOMATIC,):
        with pytest.raises(Refused):
            purge(server, app, mode)
    assert manifest(server.root) == before
    return finding


def goes(server: Server, app: str = "shop") -> None:
    assert examine(server, app).verdict.state is State.ORPHANED
    assert purge(server, app)
    assert not (server.root / app / "cache").exists()


@pytest.mark.parametrize("account", ["www-data", "nobody"])
@pytest.mark.parametrize("place", ["", "gems", "gems/gem1"])
def test_files_of_an_account_of_this_host_are_no_builds(server: Server, account: str, place: str) -> None:
    cache = server.make_cache("shop")
    subprocess.run(["chown", "-h", account, str(cache / place)], check=True)
    finding = stays(server, State.UNVERIFIED)
    assert account in finding.verdict.reason
    assert f"written by builds: no, files in it belong to {account}, as whom no build runs" in sentences(finding)


@pytest.mark.parametrize("modes", [(0o755, 0o755), (0o700, 0o755), (0o755, 0o700), (0o000, 0o000), (0o711, 0o744)])
def test_closed_directories_are_looked_into_by_the_helper(server: Server, modes: tuple[int, int]) -> None:
    cache = server.make_cache("shop")
    (cache / "gems").chmod(modes[1])
    cache.chmod(modes[0])
    assert examine(server).verdict.state is State.ORPHANED
    subprocess.run(["chown", "-h", "www-data", str(cache / "gems" / "gem1")], check=True)
    stays(server, State.UNVERIFIED)
    give(cache, 32767)
    goes(server)


@pytest.mark.parametrize(
    ("layout", "owner"),
    [
        ("buildcache/gems", 32767),
        ("cedar-14/vendor/bundle", 29276),
        ("cedar-14/vendor/bundle", DOKKU),
        (".heroku/python/lib", 0),
        ("node/cache/node_modules", 32767),
        ("go-path/pkg/mod/github.com/!burnt!sushi/toml@v1.2.0+incompatible", 29276),
        ("go-path/pkg/mod/github.com/!burnt!sushi/toml@v1.2.0+incompatible", DOKKU),
    ],
)
def test_layouts_of_old_builds_pass_as_apps_and_as_ghosts(server: Server, layout: str, owner: int) -> None:
    for app in ("shop", "ghost"):
        cache = server.make_ghost(app, layout)
        give(cache, owner)
        subprocess.run(["chmod", "-R", "a-w", str(cache)], check=True)
        if app == "shop":
            (cache.parent / "HEAD").write_text("ref: refs/heads/master\n")
        age(cache)
        goes(server, app)
    assert not (server.root / "ghost").exists()
    assert (server.root / "shop" / "HEAD").exists()


def test_an_uploads_folder_is_kept_whether_anything_lies_beside_its_cache_or_not(server: Server) -> None:
    """dokku/dokku#2010, #3400: people keep uploads below Dokku's root, and shrine has `cache` beside `store`."""
    cache = server.make_ghost("shared", "5f3a9c")
    give(cache.parent, DOKKU)
    finding = stays(server, State.UNVERIFIED, "shared")
    assert "5f3a9c" in finding.verdict.reason
    (cache.parent / "VHOST").write_text("shared.example.com\n")  # by plugin:install
    stays(server, State.UNVERIFIED, "shared")
    (cache.parent / "store").mkdir()
    finding = stays(server, State.UNVERIFIED, "shared")
    assert "store" in finding.verdict.reason


def test_folders_of_a_git_repository_in_dokkus_root_are_kept(server: Server) -> None:
    for folder in ("objects", "hooks", "info"):
        cache = server.make_ghost(folder, "cedar-14")
        (cache.parent / "something.sample").write_text("")
        stays(server, State.UNVERIFIED, folder)


def test_an_empty_cache_is_a_ghosts(server: Server) -> None:
    cache = server.root / "shop" / "cache"
    cache.mkdir(parents=True)
    give(cache.parent, DOKKU)
    give(cache, 32767)
    cache.chmod(0o700)
    age(cache)
    goes(server)
    assert not cache.parent.exists()


def test_a_doubtful_cache_goes_when_the_doubt_is_answered_and_at_destroy(server: Server) -> None:
    for mode in (Mode.CONFIRMED, Mode.DESTROY):
        cache = server.make_ghost("shared", "5f3a9c")
        assert purge(server, "shared", mode)
        assert not cache.exists()


def test_an_app_of_which_nothing_else_is_in_its_directory_keeps_that(server: Server) -> None:
    """Made from an image before 0.24.0, and upgraded to 0.38: no HEAD, and all else lies elsewhere."""
    cache = server.make_ghost("shop")
    subprocess.run(
        "tar --create --file - --directory / --dereference bin/busybox | "
        "docker import --change 'LABEL com.dokku.app-name=shop' - dokku/shop:latest",
        shell=True,
        capture_output=True,
        check=True,
    )
    try:
        finding = examine(server)
        assert not finding.is_ghost
        assert finding.verdict.state is State.ORPHANED
        outcome = purge(server)
    finally:
        subprocess.run(["docker", "image", "rm", "dokku/shop:latest"], capture_output=True, check=True)
    assert outcome
    assert not outcome.removed_ghost
    assert os.listdir(cache.parent) == []


def test_so_does_one_with_a_container_or_with_settings(server: Server, container: Callable[[str], str]) -> None:
    cache = server.make_ghost("shop")
    scale = Path(server.environment.lib_root, "config/ps/shop/scale")
    scale.parent.mkdir(parents=True)
    scale.write_text("web=1\n")
    assert not examine(server).is_ghost
    scale.unlink()
    assert examine(server).is_ghost
    container("/tmp:/x", "--label", "com.dokku.app-name=shop")
    assert not examine(server).is_ghost
    purge(server)
    assert cache.parent.exists()


def test_a_lock_file_of_dokkus_makes_no_ghost_alive_and_is_never_removed(server: Server) -> None:
    cache = server.make_ghost("shop")
    lock = cache.parent / ".deploy.lock"
    lock.touch()
    assert examine(server).is_ghost
    outcome = purge(server)
    assert outcome
    assert not outcome.removed_ghost
    assert lock.exists()


@pytest.mark.parametrize("place", [".", "gems", "gems/deep/deeper/deepest/file"])
def test_what_somebody_writes_into_is_recent_wherever_in_the_tree(server: Server, place: str) -> None:
    cache = server.make_cache("shop")
    deep = cache / "gems/deep/deeper/deepest"
    deep.mkdir(parents=True)
    (deep / "file").write_text("x")
    give(cache, 32767)
    age(cache)
    assert examine(server).verdict.state is State.ORPHANED
    os.utime(cache / place, (time.time() - 3600, time.time() - 3600))
    finding = stays(server, State.RECENT)
    assert "it was written at" in finding.verdict.reason
    with pytest.raises(Kept):
        purge(server)
    assert purge(server, mode=Mode.NAMED)
    assert not cache.exists()


def test_a_writer_is_seen_in_a_tree_that_only_the_helper_can_read(server: Server) -> None:
    cache = server.make_cache("shop")
    os.utime(cache / "gems" / "gem1")
    cache.chmod(0o700)
    stays(server, State.RECENT)


def test_a_time_in_the_future_is_no_writer_and_hides_none(server: Server) -> None:
    cache = server.make_cache("shop", files=2000)
    ahead = time.time() + 3 * 86400
    os.utime(cache / "gems" / "gem1", (ahead, ahead))
    assert examine(server).verdict.state is State.ORPHANED
    os.utime(cache / "gems" / "gem1999")
    stays(server, State.RECENT)


def test_the_min_age_can_be_set(server: Server) -> None:
    cache = server.make_cache("shop")
    os.utime(cache / "gems", (time.time() - 3 * 86400, time.time() - 3 * 86400))
    assert examine(server).verdict.state is State.ORPHANED
    setting = Path(server.environment.lib_root, "config/cache/shop/min-age")
    setting.parent.mkdir(parents=True)
    setting.write_text("7d")
    stays(server, State.RECENT)
    setting.write_text("0")
    os.utime(cache)
    goes(server)


def test_who_begins_to_write_while_the_cache_is_walked_over_is_noticed(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = server.make_cache("shop")
    walked = Purger._walk

    def write_after(self: Purger, *arguments: object) -> object:
        found = walked(self, *arguments)
        subprocess.run(["touch", str(cache)], check=True)
        return found

    monkeypatch.setattr(Purger, "_walk", write_after)
    engine = Engine(server.environment.docker_host)
    context = Context(server.environment, Console(is_quiet=True), engine)
    finding = Surveyor(context.environment, context.engine).survey(["shop"])[0]
    purger = Purger(server.environment, engine, Watcher(context.console), Request(mode=Mode.AUTOMATIC))
    with pytest.raises(Kept, match="recent"):
        purger.purge(finding)
    assert cache.exists()


@pytest.mark.parametrize("place", ["home/shop/.deploy.lock", "lib/data/apps/shop/.deploy.lock"])
def test_a_deploy_of_any_version_is_waited_for(server: Server, place: str) -> None:
    server.make_cache("shop")
    lock = server.root.parent / place
    lock.parent.mkdir(parents=True, exist_ok=True)
    before = manifest(server.root / "shop" / "cache")
    with open(lock, "w") as holder:
        lock.chmod(0o644)
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="is being deployed"):
            purge(server, mode=Mode.NAMED)
    assert manifest(server.root / "shop" / "cache") == before
    assert purge(server, mode=Mode.NAMED)


def test_the_report_names_all_five_kinds_of_evidence(server: Server) -> None:
    server.make_cache("shop")
    said = sentences(examine(server))
    assert [sentence.split(":")[0] for sentence in said] == [
        "in an app",
        "written by builds",
        "unused",
        "quiet",
        "given up by Dokku",
    ]
    assert all(": yes, " in sentence for sentence in said)


def test_an_app_directory_that_is_a_link_shows_where_and_how_much(server: Server) -> None:
    """Dokku's maintainers helped people to move apps to another disk like that (dokku/dokku#2943)."""
    cache = server.make_cache("shop", files=50)
    elsewhere = server.root.parent / "data"
    elsewhere.mkdir()
    cache.parent.rename(elsewhere / "shop")
    (server.root / "shop").symlink_to(elsewhere / "shop")
    before = manifest(elsewhere)
    finding = examine(server)
    assert finding.verdict.state is State.UNSAFE
    assert f"{elsewhere}/shop/cache" in finding.verdict.reason

    def measured_files() -> int:
        console = Console(is_quiet=True)
        context = Context(server.environment, console, Engine(server.environment.docker_host))
        with Watcher(console) as watcher:
            surveyor = Surveyor(context.environment, context.engine)
            measured = measure_finding(surveyor, surveyor.survey(["shop"])[0], watcher, context.console)[1]
        return measured.files if measured else -1

    assert as_dokku(measured_files) == 50
    with pytest.raises(Refused):
        purge(server, mode=Mode.CONFIRMED)
    assert manifest(elsewhere) == before
