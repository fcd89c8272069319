"""A purge of volumes stopped at any of its system calls removes no other volume, and the next purge finishes it."""

import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dokku_cache.actions import cli
from dokku_cache.dokku import history

from . import stopper
from .conftest import DOKKU, IS_LONG, Server, give
from .stopper import Stop
from .stopping import enter_as_entry_point, in_child, is_of_the_purge, take_printed
from .test_stopped import all_stops, some_stops
from .test_volumes import has

pytestmark = pytest.mark.skipif(not stopper.is_possible(), reason="it needs Linux 5.5, on x86_64 or aarch64")
Volume = Callable[..., str]


@dataclass(frozen=True)
class Command:
    """A command that removes volumes: those of a living or of a destroyed app.

    ``succeeds``: exits with 0 in any case. ``is_of_pack``: Dokku itself leaves those of a destroyed app.
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
    Command("daily", ("auto-purge", "--daily"), "gone"),
)


class Volumes:
    """The engine's volumes before and after one stop: one to remove, and others that look like it."""

    def __init__(self, server: Server, command: Command, volume: Volume) -> None:
        self._server, self._command, self._base = server, command, server.root.parent
        take_printed(server)
        labels = {} if command.is_of_pack else {"builder-type": "herokuish", "app-name": command.app}
        name = f"pack-cache-dokku_{command.app}_latest-0123456789ab.build" if command.is_of_pack else ""
        self.removed = volume(name or f"cache-{command.app}", 5000, **labels)
        kept = {
            volume("cache-neighbour", 5000, **{"builder-type": "herokuish", "app-name": "neighbour"}),
            volume("pack-cache-dokku_neighbour_latest-0123456789ab.build", 5000),
            volume("cache-nobodys", 5000),
            volume(f"uploads-{command.app}", 5000),
        }
        subprocess.run(["rm", "-rf", *server.root.iterdir(), self._base / "lib"], check=True)
        for app in ("shop", "neighbour"):
            server.make_app(app)
        server.set("min-age", "0")
        give(self._base / "lib", DOKKU)
        self._kept = {name: content_of(name) for name in kept}

    def enter(self) -> None:
        enter_as_entry_point(self._server)

    def work(self) -> int:
        return cli.main(self._command.arguments)

    def check(self, code: int, *, was_killed: bool) -> None:
        """Check that the other volumes are unchanged, what was printed, and that the next purge finishes the work."""
        printed = take_printed(self._server)
        assert "Unexpected error" not in printed, printed
        assert "Traceback" not in printed, printed
        assert {name: content_of(name) for name in self._kept} == self._kept, printed
        is_there = has(self.removed)
        if self._command.succeeds and not was_killed:
            assert code == 0, printed
        elif not was_killed and is_there:
            assert code != 0, printed
        known = self._freed()
        assert len(known) <= (0 if is_there else 1), printed
        if not is_there and not was_killed and code == 0:
            assert known or "history" in printed or "Could not verify" in printed, printed
        assert in_child(self.enter, self.work) == 0, take_printed(self._server)
        assert not has(self.removed)
        assert {name: content_of(name) for name in self._kept} == self._kept
        assert len(self._freed()) == len(known) + is_there

    def _freed(self) -> list[str]:
        records = history.read(self._server.environment).records
        return [record.location or "" for record in records if record.location == self.removed and not record.failure]


def content_of(name: str) -> tuple[str, dict[str, bytes]]:
    """Return where a volume is, and everything in it."""
    inspect = ["docker", "volume", "inspect", "--format", "{{.CreatedAt}} {{.Mountpoint}}", name]
    shown = subprocess.run(inspect, capture_output=True, text=True, check=True).stdout.strip()
    place = Path(shown.partition(" ")[2])
    return shown, {str(path): path.read_bytes() for path in place.rglob("*") if path.is_file()}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_purge_of_volumes_stopped_at_any_call_is_finished_by_the_next(
    server: Server, command: Command, volume: Volume
) -> None:
    scene = Volumes(server, command, volume)
    untouched = stopper.run(scene.enter, scene.work, None, is_of_the_purge)
    scene.check(untouched.code, was_killed=False)
    counted = Counter(call.kind for call in untouched.calls)
    assert counted["connect"], "it does not call the engine: these are not the calls of a purge"
    stops = all_stops(counted) if IS_LONG else some_stops(counted, COMMANDS.index(command) + 1)
    wrong = [failed for stop in stops if (failed := _check_after(server, command, volume, stop))]
    assert not wrong, f"{len(wrong)} stops:\n" + "\n".join(wrong)


def _check_after(server: Server, command: Command, volume: Volume, stop: Stop) -> str:
    scene = Volumes(server, command, volume)
    run = stopper.run(scene.enter, scene.work, stop, is_of_the_purge)
    try:
        scene.check(run.code, was_killed=run.code < 0)
    except AssertionError as error:
        return f"{stop} {run.stopped_at}: exit code {run.code}: {error}"
    return ""
