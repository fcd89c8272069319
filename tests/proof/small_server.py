"""A server for the simulated year: the stand-in for Dokku and a Docker engine, with their data on a small disk."""

import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
HEROKUISH, IMAGE = "32767:32767", "dokku-cache-furnished"
#: Directories that must never change, as `tests/dokku/furnish` creates them: uploads, storage, mounted ones, ...
CASES = (
    "shared",
    "uploads",
    "data",
    "objects",
    "by-nginx",
    "of-www-data",
    "named-by-another",
    "registered",
    "linked",
)
CASES += ("of-a-process-type", "mounted", "nameless")
DATA = {*CASES, "another", "appName", "Mail", "minecraft:", "lost+found"} - {"nameless"}
VOLUMES = ("cache-photos", "pack-cache-mine")
#: A build needs space for a moment, after the plugin's own trigger.
BUILD = """#!/bin/sh
head -c "$(cat {notes}/build-bytes)" /dev/zero >{root}/.build-"$1" 2>/dev/null || failed=yes
rm -f {root}/.build-"$1"
[ -z "$failed" ] || : >{notes}/no-space-"$1"
"""
#: The first cache that a sweep removes starts what was prepared in `hold`.
PURGED = "#!/bin/sh\n[ ! -e {notes}/hold ] || {{ mv {notes}/hold {notes}/holding && sh {notes}/holding; }}\n"
Manifest = list[tuple[object, ...]]


def run(*words: object, env: dict[str, str] | None = None, check: bool = True) -> str:
    """Run a command, and return what it prints."""
    done = subprocess.run(list(map(str, words)), env=env, capture_output=True, text=True, check=False)
    assert not (check and done.returncode), f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout.strip()


def digest(text: str) -> str:
    """Return the hash that pack gives to a volume."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def manifest(top: Path, *, is_data: bool = False) -> Manifest:
    """Return the names, modes, owners, times and inodes of everything below; of data also the contents."""
    lines: Manifest = []
    for path in (top, *sorted(top.rglob("*"))):
        at = path.lstat()
        content = path.read_bytes() if is_data and stat.S_ISREG(at.st_mode) else b""
        times = at.st_mtime_ns, at.st_ctime_ns if is_data else 0
        lines.append((str(path), at.st_mode, at.st_uid, at.st_ino, *times, hashlib.sha256(content).digest()))
    return lines


@dataclass
class SmallServer:
    """The server in ``base``. ``notes`` is on another disk, so that it can be written to when this one is full."""

    base: Path
    env: dict[str, str]
    lines_read: int = 0

    @classmethod
    def build(cls, base: Path, mebibytes: int, version: str) -> "SmallServer":
        disk, notes = base / "disk", base / "notes"
        disk.mkdir(parents=True)
        notes.mkdir()
        run("truncate", "--size", f"{mebibytes}M", base / "image")
        run("mkfs.ext4", "-q", "-F", "-m", 0, "-i", 8192, base / "image")
        run("mount", "-o", "loop", base / "image", disk)
        run("chmod", 755, base, disk)
        notes.chmod(0o777)
        run(TESTS / "engine/up", disk / "engine", "--shutdown-timeout", 1)
        settings = {"DOCKER_HOST": f"unix://{disk}/engine/docker.sock", "PATH": os.environ["PATH"]}
        run(TESTS / "dokku/up", disk / "server", "--version", version, env=settings)
        printed = run("bash", "-c", f"source {disk}/server/settings && env -0", env=settings)
        made = cls(base, dict(pair.split("=", 1) for pair in printed.split("\0") if pair))
        made._furnish()
        return made

    def _furnish(self) -> None:
        run(TESTS / "repository", self.base / "dokku-cache")
        run("dokku", "plugin:install", f"file://{self.base}/dokku-cache", env=self.env)
        plugin = self.lib / "plugins/enabled/zz-build"
        plugin.mkdir()
        for name, text in (("pre-receive-app", BUILD), ("cache-purged", PURGED)):
            (plugin / name).write_text(text.format(notes=self.notes, root=self.root))
            (plugin / name).chmod(0o755)
        run(TESTS / "dokku/furnish", *CASES, env=self.env)
        run("chown", "-R", "dokku:dokku", self.lib / "config", self.lib / "data")
        # Storage as Dokku mounts it, and volumes that only have names like those of caches.
        (self.lib / "data/storage/cache/buildcache").mkdir(parents=True)
        for name in VOLUMES:
            self.docker("volume", "create", name)
        for place in self.data_outside_root:
            (place / "photo.jpg").write_bytes(os.urandom(20000))
        run("chown", "-R", HEROKUISH, self.lib / "data/storage/cache")

    @property
    def root(self) -> Path:
        return Path(self.env["DOKKU_ROOT"])

    @property
    def lib(self) -> Path:
        return Path(self.env["DOKKU_LIB_ROOT"])

    @property
    def notes(self) -> Path:
        return self.base / "notes"

    @property
    def data_outside_root(self) -> list[Path]:
        volumes = map(self.volume, VOLUMES)
        return [self.lib / "data/storage/cache/buildcache", self.lib.parent / "other-disk", *volumes]

    def read_data(self) -> list[Manifest]:
        """Return everything that is not of a cache and must never change."""
        places = (*self.data_outside_root, *(self.root / name for name in sorted(DATA)))
        return [manifest(place, is_data=True) for place in places]

    @property
    def free(self) -> int:
        status = os.statvfs(self.root)
        return status.f_bavail * status.f_frsize

    def start(self, *words: object, stdin: Path = Path(os.devnull)) -> "subprocess.Popen[str]":
        """Start a command, by default in the environment of root on this server."""
        with open(stdin) as file:
            return subprocess.Popen(
                list(map(str, words)),
                env=self.env,
                stdin=file,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
                cwd="/",
            )

    def start_daily_run(self) -> "subprocess.Popen[str]":
        """Start what cron runs every day."""
        user = ("setpriv", "--reuid", "dokku", "--regid", "dokku", "--init-groups")
        variables = ("env", "-i", "SSH_USER=root", f"HOME={self.root}", "PATH=/usr/local/bin:/usr/bin:/bin")
        return self.start(*user, *variables, self.base / "disk/server/bin/dokku", "cache:auto-purge", "--daily")

    def docker(self, *words: object, check: bool = True) -> str:
        return run("docker", *words, env=self.env, check=check)

    def settle(self) -> None:
        """Wait until nothing of the plugin runs in the background."""
        wanted = f"DOKKU_LIB_ROOT={self.lib}".encode()
        for _ in range(1200):
            if not any(wanted in _environment(pid) for pid in os.listdir("/proc") if pid.isdigit()):
                return
            time.sleep(0.05)
        raise AssertionError("the background work does not end")

    def set_min_age(self, app: str, value: str) -> None:
        file = self.lib / "config/cache" / app / "min-age"
        if not file.exists() or file.read_text() != value:
            run("install", "-d", "-o", "dokku", "-g", "dokku", file.parent)
            file.write_text(value)

    def write_cache(self, app: str, files: int, size: int) -> None:
        """Write into an app's directory what a build with herokuish leaves there."""
        top = self.root / app / "cache"
        for number in range(files):
            directory = top / ("buildcache" if number % 2 else "vendor/bundle") / f"gem{number % 5}"
            directory.mkdir(parents=True, exist_ok=True)
            (directory / f"file{number}").write_bytes(b"x" * (size // files))
        run("chown", "-R", HEROKUISH, top)

    def volume(self, name: str) -> Path:
        return self.base / "disk/engine/data/volumes" / name / "_data"

    def write_volume(self, name: str, size: int, labels: dict[str, str]) -> None:
        self.docker("volume", "create", *(f"--label=com.dokku.{key}={value}" for key, value in labels.items()), name)
        (self.volume(name) / "layer").write_bytes(b"x" * size)

    def stop_engine(self, how: signal.Signals) -> list[str]:
        """End the engine; return the command that starts it again."""
        process = Path("/proc", (self.base / "disk/engine/docker.pid").read_text())
        command = (process / "cmdline").read_bytes().decode().strip("\0").split("\0")
        os.kill(int(process.name), how)
        while process.exists() and ") Z " not in (process / "stat").read_text():
            time.sleep(0.05)
        return command

    def start_engine(self, command: list[str]) -> None:
        engine = self.base / "disk/engine"
        (engine / "docker.pid").unlink(missing_ok=True)
        namespace = f"--net=/proc/{(engine / 'containerd.pid').read_text().strip()}/ns/net"
        with open(engine / "log", "ab") as log:
            subprocess.Popen(["nsenter", namespace, *command], stdout=log, stderr=log, start_new_session=True)
        for _ in range(600):
            if self.docker("info", "--format", "{{.ID}}", check=False):
                break
            time.sleep(0.1)
        (engine / "docker.sock").chmod(0o666)
        self.docker("start", *self.docker("ps", "-aq", "--filter", f"label={IMAGE}").split())

    def new_records(self) -> Iterator[tuple[str, int]]:
        """Yield who removed what kind of cache, and its bytes, since the last call."""
        file = self.lib / "data/cache/history.jsonl"
        lines = file.read_text().splitlines() if file.exists() else []
        for record in (json.loads(line) for line in lines[self.lines_read :] if line):
            if record["failure"] or record["files"] or record["size_bytes"] or record["location"]:
                how = " (failed)" if record["failure"] else ""
                yield f"{record['by']}, {record['kind']}{how}", record["size_bytes"]
        self.lines_read = len(lines)

    def leftovers(self) -> list[str]:
        """Return trash, helpers, and mounts below Dokku's root."""
        trash = run("find", self.root, "-name", ".dokku-cache-trash.*").split()
        helpers = self.docker("ps", "-aq", "--filter", "label=com.dokku.cache.helper").split()
        mounts = re.findall(rf" ({re.escape(str(self.root))}\S*) ", Path("/proc/self/mountinfo").read_text())
        return trash + helpers + mounts

    def remove(self) -> None:
        run(TESTS / "dokku/down", self.base / "disk/server", check=False)
        run(TESTS / "engine/down", self.base / "disk/engine", check=False)
        run("umount", "--lazy", self.base / "disk", check=False)
        run("rm", "-rf", "--one-file-system", self.base)


def _environment(pid: str) -> bytes:
    try:
        return Path("/proc", pid, "environ").read_bytes()
    except OSError:
        return b""
