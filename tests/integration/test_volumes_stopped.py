"""A purge of volumes stopped at any of its calls to the kernel takes no other volume, and the next one ends it."""

import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dokku_cache import cli
from dokku_cache.records import history

from . import proof, stopper
from .calling import list_apps
from .conftest import DOKKU, Server, give
from .stopper import Stop
from .stopping import enter_as_door, in_child, is_of_the_purge, take_said
from .test_stopped import all_stops, some_stops
from .test_volumes import has

pytestmark = pytest.mark.skipif(not stopper.is_possible(), reason="it needs Linux 5.5, on x86_64 or aarch64")
Volume = Callable[..., str]
#: A quiet time: a volume of a test is never old.
AT_ONCE = "0"


@dataclass(frozen=True)
class Command:
    """Something that removes volumes, as a door calls it: those of an app that is there, or of one that is gone.

    ``succeeds``: exits with 0 whatever happens. ``is_of_pack``: Dokku itself leaves those at the end of an app.
    """

    name: str
    arguments: tuple[str, ...]
    app: str
    succeeds: bool = False
    is_of_pack: bool = False


COMMANDS = (
    Command("of an app", ("purge-volumes", "shop"), "shop"),
    Command("of a gone app", ("purge-volumes", "--orphaned", "--force"), "gone"),
    Command("of an app built by pack", ("purge-volumes", "shop"), "shop", is_of_pack=True),
    Command("by itself", ("auto-purge", "--daily"), "gone"),
)


class Volumes:
    """The engine's volumes before and after one stop: one that goes, and others that look like it."""

    def __init__(self, server: Server, command: Command, volume: Volume) -> None:
        self._server, self._command, self._base = server, command, server.root.parent
        take_said(server)
        labels = {} if command.is_of_pack else {"builder-type": "herokuish", "app-name": command.app}
        name = f"pack-cache-dokku_{command.app}_latest-0123456789ab.build" if command.is_of_pack else ""
        self.goes = volume(name or f"cache-{command.app}", 5000, **labels)
        stay = {
            volume("cache-neighbour", 5000, **{"builder-type": "herokuish", "app-name": "neighbour"}),
            volume("pack-cache-dokku_neighbour_latest-0123456789ab.build", 5000),
            volume("cache-nobodys", 5000),
            volume(f"uploads-{command.app}", 5000),
        }
        subprocess.run(["rm", "-rf", *server.root.iterdir(), self._base / "lib"], check=True)
        for app in ("shop", "neighbour"):
            server.make_app(app)
        setting = self._base / "lib/config/cache/--global/min-age"
        setting.parent.mkdir(parents=True)
        setting.write_text(AT_ONCE)
        give(self._base / "lib", DOKKU)
        list_apps(server, "shop", "neighbour")
        self._stay = {name: content_of(name) for name in stay}

    def enter(self) -> None:
        enter_as_door(self._server)

    def work(self) -> int:
        return cli.main(self._command.arguments)

    def hold(self, code: int, *, was_killed: bool) -> None:
        """Hold that the others are as they were, what was said, and that the next purge ends the work."""
        said = take_said(self._server)
        assert "Unexpected error" not in said, said
        assert "Traceback" not in said, said
        assert {name: content_of(name) for name in self._stay} == self._stay, said
        is_there = has(self.goes)
        if self._command.succeeds and not was_killed:
            assert code == 0, said
        elif not was_killed and is_there:
            assert code != 0, said
        known = self._freed()
        assert len(known) <= (0 if is_there else 1), said
        if not is_there and not was_killed and code == 0:
            assert known or "history" in said or "Could not verify" in said, said
        assert in_child(self.enter, self.work) == 0, take_said(self._server)
        assert not has(self.goes)
        assert {name: content_of(name) for name in self._stay} == self._stay
        assert len(self._freed()) == len(known) + is_there

    def _freed(self) -> list[str]:
        records = history.read(self._server.environment).records
        return [record.location or "" for record in records if record.location == self.goes and not record.failure]


def content_of(name: str) -> tuple[str, dict[str, bytes]]:
    """Give where a volume is, and all that is in it."""
    asked = ["docker", "volume", "inspect", "--format", "{{.CreatedAt}} {{.Mountpoint}}", name]
    told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    place = Path(told.partition(" ")[2])
    return told, {str(path): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_purge_of_volumes_stopped_at_any_call_takes_no_other_and_is_ended_by_the_next(
    server: Server, command: Command, volume: Volume
) -> None:
    scene = Volumes(server, command, volume)
    untouched = stopper.run(scene.enter, scene.work, None, is_of_the_purge)
    scene.hold(untouched.code, was_killed=False)
    counted = Counter(call.kind for call in untouched.calls)
    assert counted["connect"], "it asks no engine: what is counted are not its calls"
    stops = all_stops(counted) if proof.IS_LONG else some_stops(counted, COMMANDS.index(command) + 2)
    wrong = [said for stop in stops if (said := _hold_after(server, command, volume, stop))]
    assert not wrong, f"{len(wrong)} stops:\n" + "\n".join(wrong)


def _hold_after(server: Server, command: Command, volume: Volume, stop: Stop) -> str:
    scene = Volumes(server, command, volume)
    run = stopper.run(scene.enter, scene.work, stop, is_of_the_purge)
    if run.stopped_at:
        proof.DONE["purges of volumes that were killed" if stop.failure is None else "calls beside that failed"] += 1
    try:
        scene.hold(run.code, was_killed=run.code < 0)
    except AssertionError as error:
        return f"{stop} {run.stopped_at}: exit code {run.code}: {error}"
    return ""
