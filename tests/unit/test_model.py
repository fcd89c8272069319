"""All that may happen to a server, in any order, held against a small model that knows what may be gone.

Files, locks, decisions and deletions are real. A purge may be killed at any of its calls that change something. The
choices are the same each time; `make proof` makes others, and many more.
"""

import os
from collections.abc import Sequence
from enum import Enum

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dokku_cache.actions import cli
from dokku_cache.model.location import TRASH_PREFIX

from .small_server import KILLED, Action, App, SmallServer

IS_LONG = os.environ.get("PROOF") == "long"
#: The newest comes often, as in all others little may go.
VERSIONS = ("0.38.27", "0.38.27", "0.38.27", "0.33.8", "0.33.7", "0.31.0", "0.30.11", "unreadable")
#: Those of which legacy caches are of no use to builds, and those that no longer make the directory.
WITH_VOLUMES, WITHOUT_DIRECTORY = {"0.31.0", "0.33.7", "0.33.8", "0.38.27"}, {"0.33.8", "0.38.27"}
APPS = ("blog", "cache", "shop")
names = st.sampled_from(APPS)
seldom = st.sampled_from((False, False, False, True))
switches = st.sampled_from(("", "", "true", "false"))
moments = st.sampled_from((0,) * 24 + tuple(range(1, 13)))


class Kind(Enum):
    """What starts a purge."""

    NAMED = "named"
    FORCED = "forced"
    ALL = "all"
    AUTOMATIC = "automatic"
    DESTROY = "destroy"
    RENAME = "rename"
    NOTHING = "nothing"


kinds = st.sampled_from((Kind.NAMED, Kind.FORCED, Kind.ALL, *(Kind.AUTOMATIC,) * 3, Kind.NOTHING))


def purge_of(kind: Kind, apps: Sequence[str]) -> Action:
    arguments = {
        Kind.NAMED: apps,
        Kind.FORCED: [*apps, "--force"],
        Kind.ALL: ["--all", "--force"],
        Kind.NOTHING: [*apps, "--dry-run"],
    }
    if kind is Kind.AUTOMATIC:
        return lambda context: cli.run_action(context, "auto-purge", apps)
    return lambda context: cli.run_action(context, "purge-legacy", arguments[kind])


class Machine(RuleBasedStateMachine):
    """What may happen, and what has to hold whatever happens."""

    def __init__(self) -> None:
        super().__init__()
        self.server = SmallServer()
        self.apps = self.server.apps
        self.version = self.everywhere = self.min_age = ""

    def teardown(self) -> None:
        self.server.take_away()

    @initialize()
    def begin(self) -> None:
        self.configure(VERSIONS[0], "", "")
        for app in APPS:
            self.server.create(app)
            self.server.build(app, is_recent=False, is_foreign=False, is_deep=True)

    @rule(version=st.sampled_from(VERSIONS), everywhere=switches, min_age=st.sampled_from(("", "", "0", "1d")))
    def configure(self, version: str, everywhere: str, min_age: str) -> None:
        self.version, self.everywhere, self.min_age = version, everywhere, min_age
        self.server.set_version(version)
        self.server.set("--global", "auto-purge", everywhere)
        self.server.set("--global", "min-age", min_age)

    @rule(app=names, is_recent=st.booleans(), is_foreign=seldom, is_deep=st.booleans(), auto_purge=switches)
    def build(self, app: str, *, is_recent: bool, is_foreign: bool, is_deep: bool, auto_purge: str) -> None:
        if app not in self.apps:
            self.server.create(app)
        self.server.build(app, is_recent=is_recent, is_foreign=is_foreign, is_deep=is_deep)
        self.apps[app].auto_purge = auto_purge
        self.server.set(app, "auto-purge", auto_purge)

    @rule(app=names, is_mounted=seldom, is_named=seldom)
    def use(self, app: str, *, is_mounted: bool, is_named: bool) -> None:
        if app in self.apps:
            self.apps[app].is_mounted, self.apps[app].is_named = is_mounted, is_named

    @rule(app=names, is_silent=seldom)
    def hinder(self, app: str, *, is_silent: bool) -> None:
        """Let the engine fall silent, or deploy an app, until a purge was tried."""
        self.server.docker.is_silent = is_silent
        if not is_silent and app in self.apps and self.apps[app].lock is None:
            self.server.begin_deploy(app)

    @rule(kind=kinds, only=st.sampled_from((*APPS, *("",) * 6)), change=moments)
    def purge(self, kind: Kind, only: str, change: int) -> None:
        if not self.apps or (only and only not in self.apps):
            return
        asked = [only] if only and kind is not Kind.ALL else [*self.apps]
        self._call(purge_of(kind, asked), dict.fromkeys(asked, kind), change)

    @rule(app=names, really=seldom, is_rename=st.booleans())
    def destroy(self, app: str, *, really: bool, is_rename: bool) -> None:
        if app in self.apps and really:
            self.server.patch.setenv("DOKKU_COMMAND", "apps:rename" if is_rename else "apps:destroy")
            kind = Kind.RENAME if is_rename else Kind.DESTROY
            self._call(lambda context: cli.run_action(context, "post-delete", [app]), {app: kind}, 0)
            self.server.destroy(app)

    @invariant()
    def what_is_precious_is_there(self) -> None:
        for name in self.apps:
            for file in ("HEAD", "precious"):
                assert (self.server.cache(name).parent / file).read_text() == name

    @invariant()
    def a_cache_is_there_until_it_may_go(self) -> None:
        for name, app in self.apps.items():
            assert app.has_cache is self.server.cache(name).exists()

    def _call(self, action: Action, kinds: dict[str, Kind], change: int) -> None:
        """Let an action run, killed before its n-th change unless that is 0, and hold what it did to the model."""
        if change:
            assert self.server.call_until_killed(action, change) in {0, KILLED}
        else:
            self.server.call(action)
        for name, app in self.apps.items():
            kind = kinds.get(name, Kind.NOTHING)
            self._compare(name, app, kind, was_killed=change > 0, is_alone=len(kinds) == 1)
        self.server.end_deploys()
        self.server.docker.is_silent = False

    def _compare(self, name: str, app: App, kind: Kind, *, was_killed: bool, is_alone: bool) -> None:
        may_be_removed = app.has_cache and self._may_be_removed(app, kind, is_alone=is_alone)
        if app.has_cache and not self.server.cache(name).exists():
            assert may_be_removed, f"the cache of {name} was removed by {kind}"
            app.has_cache = False
        elif may_be_removed and not was_killed:
            raise AssertionError(f"the cache of {name} was left by {kind}")
        trash = [entry for entry in os.listdir(self.server.cache(name).parent) if entry.startswith(TRASH_PREFIX)]
        is_held = self.server.docker.is_silent or app.is_mounted or app.lock is not None
        is_held = is_held or (kind in {Kind.AUTOMATIC, Kind.RENAME} and not self._is_on(app))
        if trash and kind is not Kind.NOTHING and not was_killed and not is_held:
            raise AssertionError(f"trash of {name} was left by {kind}")

    def _may_be_removed(self, app: App, kind: Kind, *, is_alone: bool) -> bool:
        """Tell what the table of states lets go, written down once more."""
        if kind is Kind.NOTHING or self.server.docker.is_silent or app.is_mounted or app.is_named:
            return False
        in_deploy = kind in {Kind.DESTROY, Kind.RENAME}
        if self.version not in WITH_VOLUMES or (app.lock is not None and not in_deploy):
            return False
        if app.is_foreign:
            # --force confirms for one named app only.
            return kind is Kind.FORCED and is_alone
        if kind in {Kind.NAMED, Kind.FORCED, Kind.DESTROY}:
            return True
        is_old = self.min_age == "0" or not app.is_recent
        if kind is Kind.ALL:
            return is_old
        return self._is_on(app) and is_old and self.version in WITHOUT_DIRECTORY

    def _is_on(self, app: App) -> bool:
        return (app.auto_purge or self.everywhere or "true") == "true"


class TestRandomSequences(Machine.TestCase):
    """Run the model. A failure shows the shortest sequence of steps that leads to it."""

    settings = settings(
        max_examples=5000 if IS_LONG else 40,
        stateful_step_count=50,
        derandomize=not IS_LONG,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
