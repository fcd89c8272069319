"""Options that name a cache, wherever Dokku keeps them."""

import json
import os
from pathlib import Path

import pytest

from dokku_cache.dokku import docker_options, plugn
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.dokku.plugn import TriggerFailed
from dokku_cache.evidence.by_app import Usages
from dokku_cache.evidence.paths import CachePaths, Named, Part
from dokku_cache.legacy.proof import Usage
from dokku_cache.model.location import Location
from dokku_cache.model.version import DokkuVersion

PATHS = CachePaths([Location("shop", "/r/shop/cache")], "/r", "/host")


@pytest.mark.parametrize(
    "printed",
    [
        " -v /r/shop/cache:/cache",
        "-v/r/shop/cache:/cache",
        "-itv /r/shop/cache:/cache",
        "-v=/r/shop/cache:/cache",
        "--volume=/r/shop/cache/x:/x:ro",
        "--volume /host/shop/cache:/x",
        "--mount type=bind,source=/r/shop/cache,target=/x",
        "--mount 'type=bind,src=/r/shop/cache/a b,dst=/x'",
        '--mount type=bind,"source=/r/shop/cache/a,b",target=/x',
        "--mount type=volume,volume-opt=o=bind,volume-opt=device=/r/shop/cache",
        "--build-context c=/r/shop/cache",
        "--cache-to type=local,dest=/r/shop/cache/x",
        "-v '/r/shop/cache:/cache",
        "--env 'DIR=see /r/shop/cache'",
        "-v /r//shop/./cache/:/x",
    ],
)
def test_an_option_that_names_it_is_found(printed: str) -> None:
    assert Named("shop", Part.CACHE) in docker_options.named_by(printed, PATHS)


def test_an_option_that_names_the_apps_directory_is_found() -> None:
    assert docker_options.named_by("-v /r/shop:/app", PATHS) == {Named("shop", Part.WHOLE)}


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "-v /mnt/backup/r/shop/cache:/x",
        "-v /r:/apps",
        "-v /:/host",
        "-v /r/shop/cache2:/x",
        "-v cache:/cache",
        "--restart=on-failure:10",
    ],
)
def test_other_options_are_not(printed: str) -> None:
    assert docker_options.named_by(printed, PATHS) == frozenset()


def test_a_trigger_that_fails_leaves_it_unknown_of_its_app(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str, *_: str, **__: object) -> str:
        if name == "docker-args-run":
            raise TriggerFailed([name], "failed")
        return "-v /r/shop/cache:/x"

    monkeypatch.setattr("dokku_cache.dokku.plugn.trigger", fail)
    usages = Usages()
    docker_options.add_printed(usages, ["shop"], PATHS)
    assert len(usages.of_cache("shop").uses) == 1
    assert usages.of_cache("shop").unknown == (
        "its docker options cannot be read (Dokku's trigger docker-args-run failed)",
    )
    assert usages.of_cache("other").is_none


def test_three_triggers_that_fail_for_one_cause_are_one_reason_with_one_next_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(name: str, *_: str, **__: object) -> str:
        raise TriggerFailed([name], "failed with exit code 1: no jq")

    monkeypatch.setattr("dokku_cache.dokku.plugn.trigger", fail)
    usages = Usages()
    docker_options.add_printed(usages, ["shop"], PATHS)
    assert usages.of_cache("shop").unknown == (
        "its docker options cannot be read (Dokku's triggers docker-args-build, docker-args-deploy and "
        "docker-args-run failed with exit code 1: no jq)",
    )
    assert usages.of_cache("shop").remedies == (plugn.HINT,)


def stored(environment: DokkuEnvironment, *apps: str, installed: DokkuVersion | None = None) -> Usages:
    sightings = [Location(app, f"{environment.root}/{app}/cache") for app in apps]
    usages = Usages()
    docker_options.add_stored(usages, environment, CachePaths(sightings, environment.root), installed)
    return usages


def write(path: str | Path, text: str) -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    "place",
    [
        "home/blog/DOCKER_OPTIONS_BUILD",
        "home/blog/DOCKER_OPTIONS_DEPLOY",
        "home/blog/DOCKER_OPTIONS_RUN.migrated",
        "home/shop/DOCKER_OPTIONS_DEPLOY",
        "home/Upper/DOCKER_OPTIONS_DEPLOY",
        "home/blog/PERSISTENT_STORAGE",
        "lib/config/docker-options/blog/_default_.build",
        "lib/config/docker-options/blog/_default_.deploy",
        "lib/config/docker-options/blog/worker.deploy",
        "lib/config/docker-options/blog/my.worker.run",
        "lib/config/docker-options/gone/_default_.deploy",
    ],
)
def test_an_option_of_any_app_phase_and_process_type_is_a_use(environment: DokkuEnvironment, place: str) -> None:
    base = Path(environment.root).parent
    write(base / place, f"# a comment\n\n--restart=always\n-v {environment.root}/shop/cache:/x\n")
    usage = stored(environment, "shop", "other").of_cache("shop")
    assert len(usage.uses) == 1
    assert place.split("/")[-2] in usage.uses[0]
    assert stored(environment, "shop", "other").of_cache("other").is_none


def test_a_storage_entry_that_is_mounted_nowhere_is_a_use(environment: DokkuEnvironment) -> None:
    entry = {"name": "old", "scheduler": "docker-local", "host_path": f"{environment.root}/shop/cache/x"}
    write(f"{environment.lib_root}/data/storage-registry/entries/old.json", json.dumps(entry))
    assert stored(environment, "shop").of_cache("shop").uses == (f"storage entry old names it: {entry['host_path']}",)


def test_an_entry_that_nobody_can_read_is_unknown_of_the_apps_that_mount_it(environment: DokkuEnvironment) -> None:
    write(f"{environment.lib_root}/data/storage-registry/entries/broken.json", "{")
    assert stored(environment, "shop").of_cache("shop").unknown  # mounted by nobody: it may mean anybody's
    write(
        f"{environment.lib_root}/config/storage/blog/mounts",
        '{"entry_name":"broken","container_path":"/x"}\nnonsense\n',
    )
    usages = stored(environment, "shop", "blog")
    assert usages.of_cache("shop").is_none
    assert "broken" in usages.of_cache("blog").unknown[0]


def test_an_option_file_that_cannot_be_read_is_unknown_of_its_app(environment: DokkuEnvironment) -> None:
    options = Path(environment.root) / "blog" / "DOCKER_OPTIONS_RUN"
    options.parent.mkdir(parents=True)
    for make in (Path.mkdir, os.mkfifo, lambda path: path.write_text("-v " + "x" * 100_000)):
        make(options)
        usages = stored(environment, "shop", "blog")
        assert usages.of_cache("shop").is_none
        assert "DOCKER_OPTIONS_RUN" in usages.of_cache("blog").unknown[0]
        options.rmdir() if options.is_dir() else options.unlink()


def test_stores_that_may_not_be_listed_are_unknown(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = {
        f"{environment.lib_root}/data/storage-registry/entries",
        f"{environment.lib_root}/config/docker-options/blog",
    }
    write(f"{environment.lib_root}/config/docker-options/blog/_default_.run", "")
    listed = os.listdir

    def refuse(path: str) -> list[str]:
        if path in closed:
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "listdir", refuse)
    usages = stored(environment, "shop", "blog")
    assert len(usages.of_cache("shop").unknown) == 1  # anybody's entry could be there
    assert len(usages.of_cache("blog").unknown) == 2


def test_a_root_of_dokkus_that_cannot_be_listed_leaves_all_unknown(
    environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.listdir

    def break_down(path: str) -> list[str]:
        if path == environment.root:
            raise OSError(5, "Input/output error", path)
        return listed(path)

    monkeypatch.setattr(os, "listdir", break_down)
    said = f"a docker option: {environment.root} cannot be read (Input/output error)"
    assert stored(environment, "shop", "blog").of_cache("shop").unknown == (said,)


@pytest.mark.parametrize(
    "content", ["[" * 200_000, '{"host_path":"/a\\u0000b"}', '{"host_path":"/a\\ud800b"}', "[1]", '"x"', "\0"]
)
def test_nonsense_in_a_store_ends_nothing(environment: DokkuEnvironment, content: str) -> None:
    write(f"{environment.lib_root}/data/storage-registry/entries/x.json", content)
    write(f"{environment.lib_root}/data/storage-registry/entries/.gitkeep", "")
    write(f"{environment.root}/blog/DOCKER_OPTIONS_RUN", "-v /a\0b:/c\n-v " + "{," * 5000)
    stored(environment, "shop").of_cache("shop")


def test_what_is_no_entry_concerns_nobody(environment: DokkuEnvironment) -> None:
    for name in (".gitkeep", "README", ".x.json"):
        write(f"{environment.lib_root}/data/storage-registry/entries/{name}", "nonsense")
    assert stored(environment, "shop").of_cache("shop").is_none


@pytest.mark.parametrize(
    "path", ["$DOKKU_ROOT/shop/cache", "${DOKKU_ROOT}/$APP/cache", "~/shop/cache", "$HOME/shop/cache"]
)
def test_what_dokku_lets_a_shell_put_in_is_put_in(environment: DokkuEnvironment, path: str) -> None:
    write(f"{environment.root}/shop/DOCKER_OPTIONS_DEPLOY", f"-v {path}:/x")
    usage = stored(environment, "shop").of_cache("shop")
    assert len(usage.uses) == 1
    assert not usage.unknown


@pytest.mark.parametrize(
    "option",
    [
        "-v $DATA/x:/x",
        "-v$DATA/x:/x",
        "-itv $DATA:/x",
        "--volume=`pwd`:/x",
        "-v /home/{a,b}:/x",
        "--mount source=$X,target=/y",
        "$(cat /etc/options)",
        "$OPTIONS",
    ],
)
def test_a_mount_that_only_a_shell_could_tell_is_unknown_of_all(environment: DokkuEnvironment, option: str) -> None:
    write(f"{environment.root}/blog/DOCKER_OPTIONS_DEPLOY", option)
    assert stored(environment, "shop").of_cache("shop").unknown
    assert stored(environment, "shop", installed=DokkuVersion(0, 38, 24)).of_cache("shop").unknown
    # From then on Dokku lets no shell read them.
    assert stored(environment, "shop", installed=DokkuVersion(0, 38, 25)).of_cache("shop").is_none


@pytest.mark.parametrize(
    "option", ["--env X=$Y", "--label 'traefik.rule=Host(`a`)'", "-v /data:/$x", "-v cache:/cache"]
)
def test_other_options_that_a_shell_changes_do_not_matter(environment: DokkuEnvironment, option: str) -> None:
    write(f"{environment.root}/blog/DOCKER_OPTIONS_DEPLOY", option)
    assert stored(environment, "shop").of_cache("shop") == Usage()
