"""A simulated year on a server with a small disk: what happens on servers happens at random, and caches are removed.

YEAR_DAYS (365 in `make proof`, else 20) and YEAR_SEED choose the run. Not simulated: the kernel's clock, and with it
ctimes. An app's minimum age is 0 when its cache is from an earlier day. A wrong clock is wrong mtimes and records.
"""

import faulthandler
import itertools
import os
import random
import re
import signal
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from .small_server import IMAGE, Manifest, SmallServer, digest, manifest, run

DAYS = int(os.environ.get("YEAR_DAYS", "365" if os.environ.get("PROOF") == "long" else "20"))
SEED = int(os.environ.get("YEAR_SEED", "30"))
APPS, DISK_MEBIBYTES, MEBIBYTE = 100, 480, 1 << 20
VERSIONS = ("0.30.11", "0.31.4", "0.33.7", "0.33.9", "0.34.9", "0.35.18", "0.37.10", "0.38.27")
FUTURE, PAST = "2035-01-01", "1970-01-01"
LIMIT_SECONDS = 300


@dataclass
class Cache:
    """The legacy cache of an app or a ghost. ``is_old``: it has the minimum age, and the clock was right."""

    content: Manifest
    size: int
    is_old: bool = False
    is_in_use: bool = False
    is_in_future: bool = False


class Year:
    """What happens, and what has to be true afterwards."""

    def __init__(self, server: SmallServer) -> None:
        self.server, self.random, self.day = server, random.Random(SEED), 0
        self.version, self.names = VERSIONS[0], (f"app-{number:03}" for number in itertools.count(1))
        self.apps: set[str] = set()
        self.caches: dict[str, Cache] = {}
        self.volumes: dict[str, str] = {}
        self.ended: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        self.removed: Counter[str] = Counter()
        self.removed_bytes: Counter[str] = Counter()
        self.free: list[int] = []
        self.filled_until = 0
        self.data = server.read_data()

    def is_from(self, version: str) -> bool:
        return tuple(map(int, self.version.split("."))) >= tuple(map(int, version.split(".")))

    def cache_of(self, app: str) -> Path:
        return self.server.root / app / "cache"

    # What has to be true.

    def is_removable(self, cache: Cache) -> bool:
        """Return whether it may be removed without a person."""
        return self.is_from("0.33.8") and not cache.is_in_use and (cache.is_old or not cache.size)

    def removable(self) -> list[str]:
        return [app for app, cache in self.caches.items() if self.is_removable(cache)]

    def check(self, also: Collection[str] = ()) -> None:
        """Check that no cache is gone but removable ones and those of the apps ``also``, and nothing else changed."""
        assert self.server.read_data() == self.data, "data was touched"
        for app in self.apps:
            assert (self.server.root / app / "HEAD").is_file(), f"the repository of {app} is gone"
        for name, app in self.volumes.items():
            assert app not in self.apps or self.server.volume(name).is_dir(), f"volume {name} is gone"
        for app, cache in list(self.caches.items()):
            if self.cache_of(app).exists():
                assert manifest(self.cache_of(app)) == cache.content, f"the cache of {app} changed"
            else:
                assert app in also or self.is_removable(cache), f"the cache of {app} is gone: {self.version}, {cache}"
                del self.caches[app]
        for how, size in self.server.new_records():
            self.removed[how] += 1
            self.removed_bytes[how] += size

    def must(self, *words: str, refusal: int = 0, stdin: Path = Path(os.devnull)) -> None:
        """Run a command of Dokku, which must succeed, or may end with ``refusal``."""
        process = self.server.start("dokku", *words, stdin=stdin)
        printed = process.communicate(timeout=LIMIT_SECONDS)[0]
        assert process.returncode in {0, refusal}, f"{words} ended with {process.returncode}: {printed}"
        assert "Traceback" not in printed, printed

    # What happens.

    def some_app(self) -> str:
        """Return a living app whose cache is not in use; often one that has a cache."""
        in_use = {app for app, cache in self.caches.items() if cache.is_in_use}
        chosen = self.apps - in_use
        if self.random.random() < 0.4:
            chosen = chosen & self.caches.keys() or chosen
        return self.random.choice(sorted(chosen))

    def put_cache(self, app: str, size: int) -> None:
        """Let a build or a backup write a legacy cache, where there is space for it."""
        before = self.caches.get(app)
        if self.server.free > size + 4 * MEBIBYTE and not (before and before.is_in_use):
            self.server.write_cache(app, self.random.randint(5, 30), size)
            self.caches[app] = Cache(manifest(self.cache_of(app)), size + (before.size if before else 0))
            self.caches[app].is_in_future = bool(before and before.is_in_future)
            self.server.set_min_age(app, "1d")

    def create(self) -> None:
        app = next(self.names)
        self.must("apps:create", app)
        self.apps.add(app)
        self.leave_cache(app)

    def deploy(self) -> None:
        """Deploy one app, or some at the same time."""
        chosen = sorted({self.some_app() for _ in range(self.random.choice((1, 1, 1, 1, 1, 3)))})
        need = self.random.randint(4, 20) * MEBIBYTE // len(chosen)
        (self.server.notes / "build-bytes").write_text(str(need))
        possible = self.server.free + sum(self.caches[app].size for app in self.removable())
        has_task, source = self.random.random() < 0.3, self.server.notes / "source.tar"
        archive = ("git:from-archive", "--archive-type", "tar")
        started = [
            self.server.start("dokku", *archive, app, "--", stdin=source)
            if has_task
            else self.server.start("dokku", "git:from-image", app, "image")
            for app in chosen
        ]
        for app, process in zip(chosen, started, strict=True):
            printed = process.communicate(timeout=LIMIT_SECONDS)[0]
            assert process.returncode == 0, f"the deploy of {app} ended with {process.returncode}: {printed}"
        self.server.settle()
        failed = self.failed_builds()
        self.counts["(builds)"] += len(chosen)
        self.counts["(builds without space, and nothing to remove)"] += len(failed)
        assert not failed or possible < len(chosen) * need + 4 * MEBIBYTE, f"no space for {need} of {possible} bytes"
        self.check()
        for app in chosen:
            if app not in self.caches and self.cache_of(app).exists():
                self.caches[app] = Cache(manifest(self.cache_of(app)), 0)  # a deployment task created it
            self.leave_cache(app)

    def failed_builds(self) -> list[Path]:
        """Return the notes of builds that ran out of space since the last call."""
        failed = list(self.server.notes.glob("no-space-*"))
        for note in failed:
            note.unlink()
        return failed

    def leave_cache(self, app: str) -> None:
        """Write what a build leaves: before 0.31.0 in the directory, afterwards in a volume."""
        size = self.random.randint(200, 1500) * 1024
        if not self.is_from("0.31.0"):
            self.put_cache(app, size)
        elif self.server.free > size + 4 * MEBIBYTE:
            name = f"pack-cache-dokku_{app}_latest-{digest(f'index.docker.io/dokku/{app}:latest')}.build"
            labels = {}
            if self.random.random() < 0.7:
                name, labels = f"cache-{app}", {"builder-type": "herokuish", "app-name": app}
            self.server.write_volume(name, size, labels)
            self.volumes[name] = app

    def restore(self) -> None:
        """Restore an app's old cache, or a ghost and its volume, from a backup."""
        app = self.some_app()
        if self.random.random() < 0.3:
            app = next(self.names)
            run("install", "-d", "-o", "dokku", "-g", "dokku", self.server.root / app)
            self.leave_cache(app)
            self.ended[app] = self.day
        self.put_cache(app, self.random.randint(300, 4000) * 1024)

    def rename(self) -> None:
        old, new = self.some_app(), next(self.names)
        # Before 0.34.0 Dokku itself removes the old directory, with the app's image.
        image, is_removed_by_dokku = f"dokku/{old}", not self.is_from("0.34.0")
        if is_removed_by_dokku and old in self.caches:
            with tarfile.open(self.server.notes / "image.tar", "w", dereference=True) as archive:
                archive.add("/bin/busybox", "bin/chmod")
            self.server.docker("import", self.server.notes / "image.tar", image)
        self.must("apps:rename", old, new)
        self.server.docker("image", "rm", "--force", image, check=False)
        self.apps.add(new)
        self.end(old, may_be_gone=is_removed_by_dokku)

    def destroy(self) -> None:
        app = self.some_app()
        self.must("--force", "apps:destroy", app)
        self.end(app, may_be_gone=self.is_from("0.31.0"))

    def end(self, app: str, *, may_be_gone: bool) -> None:
        """Check what is left of an app. It may be a ghost from now on, without any setting."""
        self.apps.discard(app)
        is_empty = app in self.caches and not self.caches[app].size
        self.check([app] if may_be_gone or is_empty else [])
        if app in self.caches:
            self.caches[app].is_old = False
        else:
            assert not (self.server.root / app).exists(), f"{app} is left"
        self.ended[app] = self.day

    def clone(self) -> None:
        new = next(self.names)
        self.must("apps:clone", "--skip-deploy", self.some_app(), new)
        self.apps.add(new)

    def upgrade(self) -> None:
        """Upgrade Dokku, or restore an old server; the plugin notices at once, or at the next deploy or daily run."""
        newer = VERSIONS[VERSIONS.index(self.version) + 1 :]
        self.version = newer[0] if newer else self.random.choice(VERSIONS[:4])
        (self.server.lib / "STABLE_VERSION").write_text(f"{self.version}\n")
        if self.random.random() < 0.5:
            self.must("plugin:install")
            self.server.settle()

    def fill_disk(self) -> None:
        """Let something else fill the disk for some days, but for a few MB that Docker needs."""
        size = self.server.free - self.random.randint(6, 20) * MEBIBYTE
        if size > 0:
            run("fallocate", "--length", size, self.server.base / "disk/filler")
        self.filled_until = self.day + self.random.randint(1, 5)

    def restart_engine(self) -> None:
        """Stop or kill the engine, deploy, and start it again."""
        command = self.server.stop_engine(self.random.choice((signal.SIGTERM, signal.SIGKILL)))
        self.must("git:from-image", self.some_app(), "image")
        self.server.settle()
        self.server.start_engine(command)
        self.failed_builds()  # without an engine nothing can be removed

    def prune(self) -> None:
        """Run one of the jobs that people have against full disks."""
        jobs = ("system prune", "image prune --all", "container prune", "builder prune --all")
        self.server.docker(*self.random.choice(jobs).split(), "--force")

    def clock_jump(self) -> None:
        """Let the clock be wrong while builds and purges write."""
        clock = self.random.choice((FUTURE, PAST))
        free = [app for app, cache in self.caches.items() if cache.size and not cache.is_in_use]
        for app in self.random.sample(free, min(3, len(free))):
            self.touch(app, clock)
        for name in ("daily-run.json", "history.jsonl"):
            file = self.server.lib / "data/cache" / name
            if file.exists():
                file.write_text(re.sub(r'"at": "\d{4}', f'"at": "{clock[:4]}', file.read_text()))

    def touch(self, app: str, clock: str) -> None:
        run("find", self.cache_of(app), "-exec", "touch", "-h", "-d", clock, "{}", "+")
        cache = self.caches[app]
        cache.content, cache.is_in_future = manifest(self.cache_of(app)), clock == FUTURE
        cache.is_old = cache.is_old and not cache.is_in_future

    def purge_all_manually(self) -> None:
        self.must("cache:purge-legacy", "--all", "--force", refusal=1)
        # Before 0.33.8 a directory is `recreated`, whenever it was written.
        is_recreated = not self.is_from("0.33.8")
        names = [app for app, cache in self.caches.items() if cache.is_old or not cache.size or is_recreated]
        self.check(names if self.is_from("0.31.0") else [])

    # A day.

    def begin_day(self) -> None:
        """Let time pass: what was written yesterday is old, and what was wrong, full or in use no longer is."""
        for app, cache in self.caches.items():
            if cache.is_in_use:
                self.server.docker("rm", "--force", "in-use", check=False)
                self.options_of(app).unlink(missing_ok=True)
            if cache.is_in_future and self.random.random() < 0.3:
                self.touch(app, PAST)
            cache.is_old, cache.is_in_use = not cache.is_in_future, False
        for app in (*self.caches, *(app for app, day in self.ended.items() if day == self.day - 1)):
            self.server.set_min_age(app, "0")
        if self.day >= self.filled_until:
            (self.server.base / "disk/filler").unlink(missing_ok=True)
        while len(self.apps) < APPS:
            self.create()

    def options_of(self, app: str) -> Path:
        if self.is_from("0.38.0"):
            return self.server.lib / "config/docker-options" / app / "_default_.deploy"
        return self.server.root / app / "DOCKER_OPTIONS_DEPLOY"

    def plan_use(self) -> str:
        """Let something use the last cache of the sweep as soon as the first one is removed. Returns its app."""
        removable = self.removable()
        app = max(removable, default="")
        if len(removable) < 2 or app not in self.apps:
            return ""
        path, options = self.cache_of(app), self.options_of(app)
        container = f"docker run -d --name in-use --network none -v {path}:/x {IMAGE} /bin/busybox sleep 9999"
        option = f"mkdir -p {options.parent}; echo '-v {path}:/x' >{options}"
        use = self.random.choice((container, option))
        (self.server.notes / "hold").write_text(f"[ ! -d {path} ] || {{ {use}; : >{self.server.notes}/held; }}\n")
        return app

    def end_day(self) -> None:
        """Run the daily job, unless the server is switched off. Sometimes something else happens meanwhile."""
        kinds = ("alone", "with a new use", "with a killed engine", "killed", "with a prune", "left out")
        kind = self.random.choices(kinds, (50, 10, 3, 4, 4, 29))[0]
        if len(self.removable()) > 1 and self.random.random() < 0.5:
            kind = kinds[1]
        self.counts[f"daily run {kind}"] += kind != kinds[1]
        if kind == kinds[5]:
            return
        app = self.plan_use() if kind == kinds[1] else ""
        process, command = self.server.start_daily_run(), list[str]()
        if kind in kinds[2:]:
            time.sleep(self.random.uniform(0.2, 3))
        if kind == kinds[2]:
            command = self.server.stop_engine(signal.SIGKILL)
        elif kind == kinds[3]:
            os.killpg(process.pid, signal.SIGKILL)
        elif kind == kinds[4]:
            self.prune()
        printed = process.communicate(timeout=LIMIT_SECONDS)[0]
        if command:
            self.server.start_engine(command)
        self.server.settle()
        (self.server.notes / "hold").unlink(missing_ok=True)
        if (self.server.notes / "held").exists():
            (self.server.notes / "held").unlink()
            self.caches[app].is_in_use = True
            self.counts[f"daily run {kind}"] += 1
        self.check()
        if kind in kinds[:2]:
            self.check_daily_run(process.returncode, printed)

    def check_daily_run(self, code: int, printed: str) -> None:
        assert code == 0, f"the daily run ended with {code}: {printed}"
        assert not self.removable(), f"the daily run left {self.removable()}: {printed}"

    def live(self) -> None:
        events = {
            self.deploy: 50, self.restore: 20, self.destroy: 10, self.rename: 6, self.clone: 4,
            self.prune: 4, self.upgrade: 3, self.fill_disk: 3, self.restart_engine: 2, self.clock_jump: 2,
            self.purge_all_manually: 1,
        }  # fmt: skip
        with tarfile.open(self.server.notes / "source.tar", "w") as archive:
            archive.addfile(tarfile.TarInfo("app.json"))
        for self.day in range(1, DAYS + 1):
            self.begin_day()
            for event in self.random.choices(list(events), list(events.values()), k=self.random.randint(1, 4)):
                event()
                self.check()
                self.counts[event.__name__.replace("_", " ")] += 1
            self.end_day()
            self.free.append(self.server.free)
        self.finish()

    def finish(self) -> None:
        """Run once more on the newest Dokku, with nothing else; then nothing of the plugin is left."""
        self.version, self.filled_until = VERSIONS[-1], 0
        (self.server.lib / "STABLE_VERSION").write_text(f"{self.version}\n")
        self.begin_day()
        process = self.server.start_daily_run()
        printed = process.communicate(timeout=LIMIT_SECONDS)[0]
        self.check()
        self.check_daily_run(process.returncode, printed)
        assert self.server.leftovers() == []
        self.must("plugin:uninstall", "cache")
        assert "dokku-cache-helper" not in self.server.docker("image", "ls")
        self.check()

    def report(self) -> str:
        """Return the counts, what was removed by which route, and the free space over time."""
        lines = [f"{len(self.free)} of {DAYS} days, seed {SEED}, {APPS} apps, a disk of {DISK_MEBIBYTES} MiB"]
        lines += [f"{count:6}  {name}" for name, count in sorted(self.counts.items()) if count]
        lines += ["removed:   MiB  by"]
        lines += [
            f"{n:6} {self.removed_bytes[how] / MEBIBYTE:7.1f}  {how}" for how, n in sorted(self.removed.items())
        ]
        lines += ["free MiB in two weeks: least, mean, most"]
        for first in range(0, len(self.free), 14):
            part = [free // MEBIBYTE for free in self.free[first : first + 14]]
            mean = sum(part) // len(part)
            bar = "#" * (40 * mean // DISK_MEBIBYTES)
            lines.append(f"day {first + 1:3} {min(part):4} {mean:4} {max(part):4}  {bar}")
        return "\n".join(lines)


@pytest.mark.skipif(os.geteuid() != 0, reason="it needs root")
def test_a_year_in_which_only_unused_caches_are_removed(capsys: pytest.CaptureFixture[str]) -> None:
    server = SmallServer(Path(os.environ.get("TESTS_DIRECTORY", "/var/tmp"), f"dokku-cache-year-{os.getpid()}"), {})
    report = ""
    faulthandler.cancel_dump_traceback_later()  # it takes longer than the limit for a test
    try:
        server = SmallServer.build(server.base, DISK_MEBIBYTES, VERSIONS[0])
        year = Year(server)
        try:
            year.live()
        finally:
            report = f"\nday {year.day}, seed {SEED}\n{year.report()}\n"
    finally:
        server.remove()
        with capsys.disabled():
            sys.stdout.write(report)
