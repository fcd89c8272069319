"""References from Docker options and storage entries."""

import errno
import json
import os
from pathlib import Path

import pytest

from dokku_cache.dokku import files, plugn
from dokku_cache.model.errors import Unknown
from dokku_cache.model.state import ReasonCode
from dokku_cache.survey.options import references_to_volumes

from .conftest import Server

SECRET = "sk_live_6"


@pytest.mark.parametrize(
    "option",
    [
        "-v {}:/cache",
        "-v{}:/cache",
        "-itv {}:/cache",
        "--volume={}/x:/x:ro",
        "--mount type=bind,source={},target=/x",
        '--mount type=bind,"source={}/a,b",target=/x',
        "--mount type=volume,volume-opt=o=bind,volume-opt=device={}",
        "--cache 'type=build;format=bind;source={}'",
        "--cache-to type=local,dest={}/x",
        "-v '{}:/cache",
        "-v /srv/my-data/../..{}:/x",
        "--env 'DIR=see {}'",
        "-v $DOKKU_ROOT/shop/cache:/x",
        "-v ${{HOME}}/shop/cache:/x",
    ],
)
def test_an_option_with_the_path_of_the_cache_is_a_use(server: Server, option: str) -> None:
    server.set_option(f"--env X={SECRET} " + option.format(server.cache()))
    (use,) = server.references().uses
    assert use.code is ReasonCode.IN_DOCKER_OPTIONS
    assert use.text.startswith("a Docker option of blog refers to /")
    assert SECRET not in f"{use.text} {use.hint}"
    assert not server.references("other")


def test_a_link_inside_a_list_of_pack_is_a_use(server: Server, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(server.cache())
    server.set_option(f"--cache 'source={tmp_path}/link;type=launch;format=bind'")
    assert server.references().uses


@pytest.mark.parametrize("option", ["-v /srv{}:/x", "-v {}2:/x", "-v cache:/cache", "-v $HOME:/x", "--env X=$Y"])
def test_other_options_are_no_use(server: Server, option: str) -> None:
    server.set_option(option.format(server.cache()))
    assert not server.references()


@pytest.mark.parametrize(
    "option",
    [
        "-v $DATA:/x",
        "-v`pwd`:/x",
        "--volume=~/x:/x",
        "--mount type=bind,source=$DATA,target=/x",
        "$OPTIONS",
        "--cache 'source=$DATA;type=build'",
    ],
)
def test_a_mount_with_a_variable_is_unknown_for_all(server: Server, option: str) -> None:
    server.set_option(f"--env X={SECRET} {option}")
    for app in ("shop", "other"):
        (unknown,) = server.references(app).unknown
        assert unknown.code is ReasonCode.PATH_WITH_VARIABLE
        assert SECRET not in unknown.text
    assert references_to_volumes(server.environment, {"v"}).unknown


@pytest.mark.parametrize(
    "place",
    [
        "home/blog/DOCKER_OPTIONS_BUILD",
        "home/shop/DOCKER_OPTIONS_DEPLOY",
        "home/Upper/DOCKER_OPTIONS_RUN",
        "lib/config/docker-options/blog/_default_.build",
        "lib/config/docker-options/blog/my.worker.run",
        "lib/config/docker-options/gone/_default_.deploy",
    ],
)
def test_options_of_every_app_phase_and_process_count(server: Server, tmp_path: Path, place: str) -> None:
    server.write(tmp_path / place, f"# a comment\n\n--restart=always\n-v {server.cache()}:/x\n")
    (use,) = server.references().uses
    assert use.app == place.split("/")[-2]


def test_a_storage_entry_that_nothing_mounts_is_a_use_with_a_way_out(server: Server) -> None:
    entries = f"{server.environment.lib_root}/data/storage-registry/entries"
    server.write(f"{entries}/legacy-1.json", json.dumps({"host_path": f"{server.cache()}/x"}))
    (use,) = server.references().uses
    assert use.code is ReasonCode.IN_STORAGE_ENTRY
    assert "dokku storage:destroy legacy-1" in use.hint


def test_an_unreadable_storage_entry_is_unknown_for_the_apps_that_mount_it(server: Server) -> None:
    entries = f"{server.environment.lib_root}/data/storage-registry/entries"
    server.write(f"{entries}/broken.json", "{")
    assert server.references("shop").unknown
    assert server.references("other").unknown
    server.write(f"{server.environment.lib_root}/config/storage/other/mounts", '{"entry_name":"broken"}\n')
    assert not server.references("shop")
    assert "broken" in server.references("other").text


def test_an_app_whose_mounts_cannot_be_read_may_mount_a_broken_storage_entry(server: Server) -> None:
    server.write(f"{server.environment.lib_root}/data/storage-registry/entries/broken.json", "{")
    server.write(f"{server.environment.lib_root}/config/storage/other/mounts", '{"entry_name":"broken"}\n')
    Path(server.environment.lib_root, "config/storage/shop/mounts").mkdir(parents=True)
    assert server.references("shop").unknown


@pytest.mark.parametrize(
    ("error", "is_owner"),
    [(PermissionError(13, "Permission denied"), True), (OSError(27, "File too large"), False), (ValueError(), False)],
)
def test_the_hint_fits_the_cause(
    server: Server, monkeypatch: pytest.MonkeyPatch, error: Exception, *, is_owner: bool
) -> None:
    def fail(path: str, *_: int) -> str:
        raise error if path.endswith("broken.json") else FileNotFoundError

    server.write(f"{server.environment.lib_root}/data/storage-registry/entries/broken.json", "{}")
    monkeypatch.setattr(files, "read", fail)
    hint = server.references().hint
    assert "broken.json" in hint
    assert ("chown" in hint) is is_owner


def test_an_unreadable_option_file_is_unknown_for_its_app(server: Server) -> None:
    options = server.cache("other").parent / "DOCKER_OPTIONS_RUN"
    for make in (Path.mkdir, os.mkfifo, lambda path: path.write_text("-v " + "x" * 100_000)):
        make(options)
        assert not server.references("shop")
        assert "DOCKER_OPTIONS_RUN" in server.references("other").text
        options.rmdir() if options.is_dir() else options.unlink()


@pytest.mark.parametrize(("name", "is_unknown"), [("lost+found", False), ("minecraft", True)])
def test_only_a_directory_of_the_file_system_may_be_unreadable(
    server: Server, monkeypatch: pytest.MonkeyPatch, name: str, is_unknown: bool
) -> None:
    closed, names_in = Path(server.environment.root, name), files.names_in

    def listed(path: str) -> list[str]:
        if path == str(closed):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return names_in(path)

    closed.mkdir()
    monkeypatch.setattr(files, "names_in", listed)
    assert bool(references_to_volumes(server.environment, ["cache-shop"]).unknown) is is_unknown


def test_triggers_are_fired_for_one_app_and_for_a_recheck_only(server: Server) -> None:
    server.printed = f" -v {server.cache()}:/x"
    assert not server.collect("shop", "other")["shop"]
    assert server.fired == []
    assert server.collect("shop")["shop"].uses
    assert server.collect("shop", "other", recheck=True)["shop"].uses
    assert len(server.fired) == 9


def test_triggers_that_fail_are_one_unknown(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, *_: str, **__: object) -> str:
        raise Unknown(f"Dokku's trigger {name} failed with exit code 1: no jq")

    monkeypatch.setattr(plugn, "trigger", fail)
    (unknown,) = server.collect("shop")["shop"].unknown
    assert unknown.code is ReasonCode.DOCKER_OPTIONS_UNREADABLE


@pytest.mark.parametrize("option", ["-v cache-old:/x", "-vcache-old:/x", "--mount source=cache-old,target=/x"])
def test_an_option_that_names_a_volume_is_found(server: Server, option: str) -> None:
    server.set_option(f"--env X={SECRET} {option}")
    found = references_to_volumes(server.environment, {"cache-old", "cache"})
    assert found.by_name == {"cache-old": ("a Docker option of blog refers to it",)}
