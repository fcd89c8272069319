"""A temporary server for samples and pictures: a stand-in for Dokku, prepared as a scene. See tests/stage."""

import contextlib
import os
import random
import re
import shlex
import string
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

TESTS = Path(__file__).parent
#: The path is as long as /home/dokku, so that lines break in the same places.
_ROOT_LETTERS = 6
#: More answers than any page needs.
YES = "y\n" * 5
_STEADY = (
    (r"\b(running), [0-9a-f]{12}\b", r"\1, 3b1f0c9d2a77"),
    (r"(rm --force) [0-9a-f]{12}\b", r"\1 3b1f0c9d2a77"),
    (r"\bvolume [0-9a-f]{64}\b", "volume " + "8c1f5e2ab7d094c36f" * 3 + "8c1f5e2ab7"),
    (r"\bin \d+(\.\d+)? s\b", "in 1.7 s"),
)
#: The stand-in has neither sudo nor ssh.
_TOOLS = {
    "sudo": '#!/bin/bash\nif [[ "$1" == -u ]]; then shift 2; fi\nexec "$@"\n',
    "ssh": '#!/bin/bash\nwhile [[ "$1" == -o ]]; do shift 2; done\n'
    '[[ "$1" == dokku@* ]] || exit 255\nexec dokku "${@:2}" </dev/null\n',
}
#: Samples must not change this machine.
_NO_TOOLS = ("apt-get", "journalctl", "systemctl")


@dataclass(frozen=True)
class Server:
    """A running stand-in in ``directory``. ``root`` has its apps, ``repository`` is the plugin to install."""

    directory: Path
    root: Path
    repository: Path
    data_root: str

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of root's login shell."""
        command = f"source {shlex.quote(f'{self.directory}/settings')} && env -0"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
        found = dict(pair.split("=", 1) for pair in done.stdout.split("\0") if pair)
        found["PATH"] = f"{self.directory}/tools:{found['PATH']}"
        return {name: value for name, value in found.items() if name not in {"COLUMNS", "LINES"}}

    @property
    def _places(self) -> tuple[tuple[str, str], ...]:
        return (
            (str(self.root), "/home/dokku"),
            (f"{self.directory}/lib", "/var/lib/dokku"),
            (f"{self.directory}/log", "/var/log/dokku"),
            (self.data_root, "/var/lib/docker"),
            (f"{self.directory}/of-root", "/root"),
            (f"{self.directory}/metrics", "/var/lib/prometheus/node-exporter"),
            (f"file://{self.repository}", "https://github.com/OWNER/dokku-cache.git"),
        )

    def here(self, text: str) -> str:
        """Return a command of a page with the paths of this machine."""
        for here, there in self._places:
            text = text.replace(there, here)
        return text

    def there(self, text: str) -> str:
        """Return output with the paths of a real server, and without ids and times of this one."""
        for here, there in self._places:
            text = text.replace(here, there)
        for pattern, put in (*_STEADY, (rf"\b{datetime.now(timezone.utc).date()} \d\d:\d\d\b", "2026-11-25 23:14")):
            text = re.sub(pattern, put, text)
        return text

    def run(self, command: str, *, answers: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command of a page as root, with ``answers`` on a terminal. Returns both outputs as one text."""
        # A person continues after a refusal; a script does not.
        words = ["bash", *([] if answers else ["-e"]), "-o", "pipefail", "-c", self.here(command)]
        return subprocess.run(
            ["script", "--quiet", "--return", "--command", shlex.join(words), "/dev/null"]
            if answers is not None
            else words,
            env={**self.environment, "TERM": "xterm-256color"},
            cwd="/",
            input=answers or "",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            check=False,
            timeout=300,
        )


@contextlib.contextmanager
def server(scene: str, *, is_installed: bool = True) -> Iterator[Server]:
    """Start a server, install the plugin if wanted, and prepare the scene; remove everything at the end."""
    stage = Path(os.environ["STAGE_DIRECTORY"])
    directory, repository = stage / "server", stage / "dokku-cache"
    root = Path("/tmp", "".join(random.choices(string.ascii_lowercase, k=_ROOT_LETTERS)))
    root.mkdir()
    (stage / "home").mkdir()
    try:
        subprocess.run(["mount", "--bind", stage / "home", root], check=True)
        if not repository.exists():
            _make_repository(repository)
        info = ["docker", "info", "--format", "{{.DockerRootDir}}"]
        data_root = subprocess.run(info, capture_output=True, text=True, check=True).stdout.strip()
        built = Server(directory, root, repository, data_root)
        subprocess.run([TESTS / "dokku/up", directory, "--root", root], check=True)
        _give_tools(directory / "tools")
        if is_installed:
            _install(built, stage / "installed")
        subprocess.run([TESTS / "dokku/scene", scene], env=built.environment, check=True)
        yield built
    finally:
        subprocess.run(["umount", "--lazy", root], check=False)
        subprocess.run([TESTS / "dokku/down", directory], check=False)
        subprocess.run(["rm", "-rf", root, stage / "home", directory], check=True)
        _clear_engine()


def _install(built: Server, kept: Path) -> None:
    """Install the plugin; copy the first installation afterwards, which is ten times faster."""
    library = built.directory / "lib"
    if kept.exists():
        subprocess.run(["rm", "-rf", library], check=True)
        subprocess.run(["cp", "--archive", kept, library], check=True)
        return
    _must(built.run(f"dokku plugin:install file://{built.repository}"))
    # The dokku user cannot write bytecode there, and every call would compile everything.
    compiling = ["/usr/bin/python3", "-m", "compileall", "-q", library / "plugins/available/cache/src"]
    subprocess.run(compiling, check=True)
    subprocess.run(["cp", "--archive", library, kept], check=True)


def _make_repository(directory: Path) -> None:
    subprocess.run([TESTS / "repository", directory], check=True)
    for tag in ("1.0.0", "1.1.0"):
        subprocess.run(["git", "-C", directory, "tag", tag], check=True)


def _give_tools(directory: Path) -> None:
    for made in (directory, directory.parent / "of-root", directory.parent / "metrics"):
        made.mkdir()
    for name, text in {**_TOOLS, **dict.fromkeys(_NO_TOOLS, "#!/bin/bash\nexit 0\n")}.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)


def _must(done: subprocess.CompletedProcess[str]) -> None:
    if done.returncode:
        raise RuntimeError(done.stdout)


def _clear_engine() -> None:
    """Remove everything but images from the engine: the next scene is another server."""
    script = (
        "docker ps -aq | xargs -r docker rm --force --volumes; "
        "docker volume ls -q | xargs -r docker volume rm --force; "
        "docker builder prune --all --force"
    )
    subprocess.run(["bash", "-c", script], capture_output=True, check=True)
