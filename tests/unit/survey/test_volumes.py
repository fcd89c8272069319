"""Collecting the facts about volumes: which source is read, and how a source counts that cannot be read."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from dokku_cache.dokku import history, state_files
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.engine.client import Engine
from dokku_cache.model.cache import AppState
from dokku_cache.model.errors import Refused, Unknown
from dokku_cache.model.finding import Finding
from dokku_cache.model.scan import Scan
from dokku_cache.model.state import State
from dokku_cache.survey.surveyor import Surveyor
from dokku_cache.survey.volumes import recheck_volume, survey_volumes

from ..fake_engine import FakeEngine, container, volume

OF_PACK = "pack-cache-dokku_old_latest-0123456789ab.build"
UNOWNED = "pack-cache-0123456789ab.build"


class Server:
    """Apps and volumes: ``shop`` exists, ``old`` was destroyed."""

    def __init__(self, environment: DokkuEnvironment) -> None:
        self.environment = environment
        (Path(environment.lib_root) / "STABLE_VERSION").write_text("0.38.27\n")
        self.fake = FakeEngine([volume("cache-shop", "shop"), volume("cache-old", "old")])
        self.states_asked: Counter[str] = Counter()

    def surveyor(self, engine: Engine | None = None) -> Surveyor:
        return Surveyor(self.environment, engine or self.fake.engine)

    def recheck(self, finding: Finding, engine: Engine | None = None) -> Finding | None:
        return recheck_volume(self.surveyor(engine), ["shop"], finding)

    def app_state(self, app: str) -> AppState:
        self.states_asked[app] += 1
        return AppState.PRESENT if app == "shop" else AppState.GONE

    def examine(self) -> dict[str, Finding]:
        return {finding.location.path: finding for finding in survey_volumes(self.surveyor(), ["shop"])}

    def set(self, plugin: str, app: str, key: str, value: str) -> None:
        file = Path(self.environment.lib_root, "config", plugin, app, key)
        file.parent.mkdir(parents=True)
        file.write_text(value)


@pytest.fixture
def server(environment: DokkuEnvironment, monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server(environment)
    monkeypatch.setattr(Surveyor, "app_state", lambda _, app, listed: server.app_state(app))
    return server


def state_of(finding: Finding | None) -> tuple[State, str]:
    assert finding
    return finding.verdict.state, finding.verdict.reason


def test_each_volume_is_classified_by_the_state_of_its_app(server: Server) -> None:
    server.fake.volume_list += [volume(OF_PACK), volume(UNOWNED), volume("data")]
    found = server.examine()
    assert {name: (finding.app_state, finding.verdict.state) for name, finding in found.items()} == {
        "cache-shop": (AppState.PRESENT, State.LIVE),
        "cache-old": (AppState.GONE, State.ORPHANED),
        OF_PACK: (AppState.GONE, State.ORPHANED),
        UNOWNED: (None, State.UNKNOWN),
    }
    assert server.states_asked == Counter(shop=1, old=1)


def test_an_unreadable_option_keeps_all_volumes(server: Server) -> None:
    Path(server.environment.lib_root, "config/docker-options/blog/_default_.deploy").mkdir(parents=True)
    for finding in server.examine().values():
        assert "_default_.deploy" in state_of(finding)[1]


@pytest.mark.parametrize("app", ["old", "other"])
def test_containers_and_images_of_another_dokku_keep_the_volumes_of_their_app(server: Server, app: str) -> None:
    server.fake.container_list.append(container("x", **{"com.dokku.app-name": app}))
    server.fake.image_list.append({"RepoTags": [f"dokku/{app}:latest"], "Labels": {}})
    state, reason = state_of(server.examine()["cache-old"])
    assert state is (State.UNKNOWN if app == "old" else State.ORPHANED)
    assert ("container x exists" in reason) is (app == "old")


def test_an_image_alone_keeps_a_volume(server: Server) -> None:
    server.fake.image_list.append({"RepoTags": ["dokku/old:latest"], "Labels": {}})
    assert "image dokku/old:latest exists" in state_of(server.examine()["cache-old"])[1]


@pytest.mark.parametrize("silent", ["containers", "images"])
def test_volumes_are_kept_when_docker_does_not_answer(server: Server, silent: str) -> None:
    server.fake.silent.add(silent)
    found = server.examine()
    assert state_of(found["cache-old"])[0] is State.UNKNOWN
    assert state_of(found["cache-shop"])[0] is State.UNKNOWN
    assert silent in server.fake.asked


def test_images_are_not_listed_when_every_app_exists(server: Server) -> None:
    del server.fake.volume_list[1]
    server.examine()
    assert server.fake.asked == ["volumes", "containers"]


def test_a_failure_to_list_volumes_is_an_error(server: Server) -> None:
    server.fake.silent.add("volumes")
    with pytest.raises(Unknown):
        server.examine()


def test_a_recheck_asks_docker_again(server: Server) -> None:
    engine = server.fake.engine
    planned = {finding.location.path: finding for finding in survey_volumes(server.surveyor(engine), ["shop"])}
    server.fake.asked.clear()
    survey_volumes(server.surveyor(engine), ["shop"])
    assert server.fake.asked == []
    assert state_of(server.recheck(planned["cache-old"], engine))[0] is State.ORPHANED
    assert server.fake.asked == ["containers", "containers", "images"]
    server.fake.image_list.append({"RepoTags": ["dokku/old:latest"], "Labels": {}})
    assert state_of(server.recheck(planned["cache-old"], engine))[0] is State.UNKNOWN
    server.fake.container_list.append(container("job", "cache-old"))
    assert state_of(server.recheck(planned["cache-old"], engine))[0] is State.IN_USE


def test_a_removed_or_recreated_volume_is_not_the_planned_one(server: Server) -> None:
    planned = server.examine()["cache-old"]
    server.fake.volume_list = [volume("cache-old", "old", CreatedAt="2025-01-02T00:00:00Z")]
    with pytest.raises(Refused, match="was replaced"):
        server.recheck(planned)
    server.fake.volume_list = []
    assert server.recheck(planned) is None


def test_a_volume_recreated_without_label_is_unknown(server: Server) -> None:
    """Docker reports the time of creation in seconds only."""
    planned = server.examine()["cache-old"]
    server.fake.volume_list = [volume("cache-old")]
    state, reason = state_of(server.recheck(planned))
    assert state is State.UNKNOWN
    assert "no label shows that Dokku created it" in reason


def test_a_recheck_keeps_the_size(server: Server) -> None:
    planned = server.examine()["cache-old"]
    assert planned.size is None
    sized = replace(planned, size=Scan(5))
    again = server.recheck(sized)
    assert again == sized


def test_reasons_say_nothing_about_apps_that_the_caller_may_not_see(server: Server) -> None:
    server.fake.volume_list = [volume("cache-shop", "shop"), volume("cache-old", "old")]
    server.fake.container_list = [container("secret.web.1", "cache-shop")]
    server.set("docker-options", "secret", "_default_.deploy", "-v cache-old:/old -v $UNKNOWN:/data")
    for visible, is_named in ((None, True), (frozenset({"shop", "secret"}), True), (frozenset({"shop"}), False)):
        found = survey_volumes(replace(server.surveyor(), visible=visible), ["shop", "secret"])
        assert [finding.verdict.state for finding in found] == [State.IN_USE] * 2
        for finding in found:
            said = f"{finding.verdict.reason} {finding.verdict.hint}"
            assert ("secret" in said) is is_named
            assert ("another app" in said) is not is_named


def test_without_the_history_volumes_of_destroyed_apps_are_kept(server: Server) -> None:
    Path(state_files.path(server.environment, history.FILE_NAME)).mkdir(parents=True)
    found = server.examine()
    assert state_of(found["cache-old"])[0] is State.UNKNOWN
    assert history.FILE_NAME in state_of(found["cache-old"])[1]
    assert state_of(found["cache-shop"])[0] is State.LIVE


def test_unreadable_keys_of_pack_keep_the_volumes_of_pack_only(server: Server) -> None:
    server.fake.volume_list += [volume(OF_PACK), volume(OF_PACK.replace("old", "shop"))]
    Path(server.environment.root, ".pack/volume-keys.toml").mkdir(parents=True)
    states = {name: finding.verdict.state for name, finding in server.examine().items()}
    assert states == {
        "cache-shop": State.LIVE,
        "cache-old": State.ORPHANED,
        OF_PACK: State.UNKNOWN,
        OF_PACK.replace("old", "shop"): State.UNKNOWN,
    }
