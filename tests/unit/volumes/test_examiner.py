"""What is found out of a cache volume: whom it is asked of, and how a silence counts."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from dokku_cache.dokku.apps import AppState
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.errors import Unknown
from dokku_cache.volumes.examiner import Examiner
from dokku_cache.volumes.plan import VolumeFinding
from dokku_cache.volumes.state import VolumeState

from ..played_engine import PlayedEngine, container, volume

PACKS = "pack-cache-dokku_old_latest-0123456789ab.build"
NOBODYS = "pack-cache-0123456789ab.build"


class Server:
    """Apps and volumes: ``shop`` lives, ``old`` is gone."""

    def __init__(self, environment: DokkuEnvironment) -> None:
        self.environment = environment
        (Path(environment.lib_root) / "STABLE_VERSION").write_text("0.38.27\n")
        self.played = PlayedEngine([volume("cache-shop", "shop"), volume("cache-old", "old")])
        self.states_asked: Counter[str] = Counter()

    def examiner(self, engine: Engine | None = None) -> Examiner:
        return Examiner(self.environment, engine or self.played.engine, self._app_state)

    def _app_state(self, app: str) -> AppState:
        self.states_asked[app] += 1
        return AppState.PRESENT if app == "shop" else AppState.GONE

    def examine(self) -> dict[str, VolumeFinding]:
        return {finding.name: finding for finding in self.examiner().examine(["shop"])}

    def set(self, plugin: str, app: str, key: str, value: str) -> None:
        file = Path(self.environment.lib_root, "config", plugin, app, key)
        file.parent.mkdir(parents=True)
        file.write_text(value)


@pytest.fixture
def server(environment: DokkuEnvironment) -> Server:
    return Server(environment)


def state_of(finding: VolumeFinding | None) -> tuple[VolumeState, str]:
    assert finding
    return finding.verdict.state, finding.verdict.reason + finding.verdict.doubt


def test_each_volume_is_judged_by_what_became_of_its_app(server: Server) -> None:
    server.played.volume_list += [volume(PACKS), volume(NOBODYS), volume("data")]
    found = server.examine()
    assert {name: (finding.app_state, finding.verdict.state) for name, finding in found.items()} == {
        "cache-shop": (AppState.PRESENT, VolumeState.LIVE),
        "cache-old": (AppState.GONE, VolumeState.ORPHANED),
        PACKS: (AppState.GONE, VolumeState.ORPHANED),
        NOBODYS: (None, VolumeState.UNKNOWN),
    }
    # Each app is looked up once, and none where nothing tells the app.
    assert server.states_asked == Counter(shop=1, old=1)


def test_a_container_that_mounts_one_holds_that_one_alone(server: Server) -> None:
    server.played.container_list.append(container("job", "cache-old"))
    found = server.examine()
    assert state_of(found["cache-old"]) == (VolumeState.IN_USE, "container job mounts it")
    assert state_of(found["cache-shop"])[0] is VolumeState.LIVE


def test_an_option_that_names_one_holds_it(server: Server) -> None:
    server.set("docker-options", "blog", "_default_.deploy", "-v cache-old:/x\n")
    state, reason = state_of(server.examine()["cache-old"])
    assert state is VolumeState.IN_USE
    assert reason == "a Docker option of blog refers to it"


def test_an_option_that_cannot_be_read_holds_them_all(server: Server) -> None:
    Path(server.environment.lib_root, "config/docker-options/blog/_default_.deploy").mkdir(parents=True)
    for finding in server.examine().values():
        assert "_default_.deploy" in state_of(finding)[1]


def test_it_stays_until_it_is_as_old_as_the_server_wants(server: Server) -> None:
    server.set("cache", "--global", "min-age", "5000w")
    assert state_of(server.examine()["cache-old"])[0] is VolumeState.RECENT


@pytest.mark.parametrize("app", ["old", "other"])
def test_signs_of_another_dokku_on_this_engine_hold_the_volumes_of_that_app(server: Server, app: str) -> None:
    server.played.container_list.append(container("x", **{"com.dokku.app-name": app}))
    server.played.image_list.append({"RepoTags": [f"dokku/{app}:latest"], "Labels": {}})
    state, reason = state_of(server.examine()["cache-old"])
    assert state is (VolumeState.UNKNOWN if app == "old" else VolumeState.ORPHANED)
    assert ("container x exists" in reason) is (app == "old")


def test_an_image_alone_is_such_a_sign(server: Server) -> None:
    server.played.image_list.append({"RepoTags": ["dokku/old:latest"], "Labels": {}})
    assert "image dokku/old:latest exists" in state_of(server.examine()["cache-old"])[1]


@pytest.mark.parametrize("silent", ["containers", "images"])
def test_what_the_engine_does_not_tell_keeps_what_it_matters_to(server: Server, silent: str) -> None:
    server.played.silent.add(silent)
    found = server.examine()
    assert state_of(found["cache-old"])[0] is VolumeState.UNKNOWN
    assert found["cache-shop"].verdict.doubt
    assert silent in server.played.asked


def test_signs_of_life_are_not_asked_for_where_every_app_is_there(server: Server) -> None:
    del server.played.volume_list[1]
    server.examine()
    assert server.played.asked == ["volumes", "containers"]


def test_without_a_cache_volume_nobody_else_is_asked(server: Server) -> None:
    server.played.volume_list = [volume("data")]
    assert server.examine() == {}
    assert server.played.asked == ["volumes"]


def test_an_engine_that_lists_no_volumes_is_no_engine_without_any(server: Server) -> None:
    server.played.silent.add("volumes")
    with pytest.raises(Unknown):
        server.examine()


def test_right_before_a_removal_everybody_is_asked_anew(server: Server) -> None:
    engine = server.played.engine
    planned = {finding.name: finding for finding in server.examiner(engine).examine(["shop"])}
    server.played.asked.clear()
    server.examiner(engine).examine(["shop"])
    assert server.played.asked == []
    assert state_of(server.examiner(engine).examine_again(planned["cache-old"], ["shop"]))[0] is VolumeState.ORPHANED
    assert server.played.asked == ["containers", "images"]
    server.played.image_list.append({"RepoTags": ["dokku/old:latest"], "Labels": {}})
    assert state_of(server.examiner(engine).examine_again(planned["cache-old"], ["shop"]))[0] is VolumeState.UNKNOWN
    server.played.container_list.append(container("job", "cache-old"))
    assert state_of(server.examiner(engine).examine_again(planned["cache-old"], ["shop"]))[0] is VolumeState.IN_USE


@pytest.mark.parametrize(
    "now",
    [
        [],
        [volume("cache-old", "old", CreatedAt="2025-01-02T00:00:00Z")],
    ],
)
def test_one_that_is_gone_or_made_anew_is_not_the_one_that_was_planned(server: Server, now: list[dict]) -> None:
    planned = server.examine()["cache-old"]
    server.played.volume_list = now
    assert server.examiner().examine_again(planned, ["shop"]) is None


def test_one_that_dokku_did_not_make_is_not_the_one_that_was_planned(server: Server) -> None:
    """Made anew by somebody within the same second, which is all that the engine tells."""
    planned = server.examine()["cache-old"]
    server.played.volume_list = [volume("cache-old")]
    state, reason = state_of(server.examiner().examine_again(planned, ["shop"]))
    assert state is VolumeState.UNKNOWN
    assert "no label shows that Dokku created it" in reason


def test_what_was_measured_for_the_plan_is_still_known(server: Server) -> None:
    planned = server.examine()["cache-old"]
    assert planned.size_bytes is None
    sized = VolumeFinding(planned.volume, planned.app_state, planned.verdict, 5)
    again = server.examiner().examine_again(sized, ["shop"])
    assert again == sized


def test_reasons_say_nothing_about_apps_that_the_caller_may_not_see(server: Server) -> None:
    server.played.volume_list = [volume("cache-shop", "shop"), volume("cache-old", "old")]
    server.played.container_list = [container("secret.web.1", "cache-shop")]
    server.set("docker-options", "secret", "_default_.deploy", "-v cache-old:/old -v $UNKNOWN:/data")
    for visible, is_named in ((None, True), (frozenset({"shop", "secret"}), True), (frozenset({"shop"}), False)):
        found = replace(server.examiner(), visible=visible).examine(["shop", "secret"])
        assert [finding.verdict.state for finding in found] == [VolumeState.IN_USE] * 2
        for finding in found:
            told = f"{finding.verdict.reason} {finding.verdict.next_step} {finding.verdict.doubt}"
            assert ("secret" in told) is is_named
            assert ("another app" in told) is not is_named
