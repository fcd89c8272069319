"""The connection to the Docker engine of this machine."""

import contextlib
import glob
import os
import re
import socket
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from dokku_cache import modules
from dokku_cache.engine import endpoint, host_root
from dokku_cache.engine.dial_stdio import SCHEME, Dialer, reach_through
from dokku_cache.engine.endpoint import DEFAULT_SOCKET, DockerConfig
from dokku_cache.engine.looking import let_only_look
from dokku_cache.engine.patience import ask_a_silent_engine_once
from dokku_cache.errors import Unknown

#: For a call, and, as an engine that was silent is not asked again, for all that a command waits for in vain. Listing
#: containers took minutes on troubled engines (moby/moby#31719).
TIMEOUT_SECONDS = 30

#: The driver type of an engine that keeps its images in containerd.
CONTAINERD_STORE = "io.containerd.snapshotter.v1"
CONTAINERD_ROOT = "/var/lib/containerd"
CONTAINERD_SETTINGS = "/etc/containerd/config.toml"

#: What to do about an error whose words the engine gave.
ERROR_HINT = "fix this first; for details, check 'journalctl -u docker'"
#: For bytes and for inodes alike, the kernel has the same words (errno(3), ENOSPC).
NO_SPACE = "no space left on device"
NO_SPACE_HINT = (
    "Docker needs a few MB and inodes to start a container: free some with 'sudo apt-get clean' or 'sudo journalctl "
    "--vacuum-size=50M', then purge again"
)

#: What to do about an engine that cannot be reached.
SILENT_HINT = "check 'systemctl status docker', then try again"

Answer = TypeVar("Answer")
Json = dict[str, Any]


class Engine:
    """The Docker engine; connects at the first call, and asks each question once.

    ``docker_bin`` is the way to it where the socket does not open. ``config`` gives the socket where ``docker_host``
    is empty. ``roots`` are Dokku's root, and the same as the engine knows it. Every method raises Unknown when
    the engine does not answer in time, answers with an error, or cannot be understood.
    """

    def __init__(
        self,
        docker_host: str,
        docker_bin: str = "",
        roots: tuple[str, str] | None = None,
        config: DockerConfig | None = None,
    ) -> None:
        self._roots = roots
        self._config = config or DockerConfig()
        self._listener = 0
        self._looks_only = False
        self._limit_seconds: float = TIMEOUT_SECONDS
        self._docker_host = docker_host
        self._docker_bin = docker_bin
        self._dialer = Dialer(docker_bin) if docker_bin else None
        self._api: Any = None
        self._failure: Unknown | None = None
        self._answers: dict[str, list[Json] | Unknown] = {}

    @property
    def api(self) -> Any:
        """The docker SDK's low-level client (docker.APIClient, version 5.0.3 or later)."""
        # The SDK drops the connection error's detail into a new exception at every try: one is enough.
        if self._failure is not None:
            raise self._failure
        if self._api is None:
            try:
                self._api = self._connect()
            except Unknown as failure:
                self._failure = failure
                raise
        return self._api

    def only_look(self) -> None:
        """Let it be asked, from the first call on, for nothing but to tell and to measure; see ``looking``."""
        self._looks_only = True

    def wait_at_most(self, seconds: float) -> None:
        """Give up earlier than usual, where somebody waits who did not ask for this plugin."""
        self._limit_seconds = min(seconds, TIMEOUT_SECONDS)

    def another(self) -> "Engine":
        """Give the same engine by a connection of its own: a silence there is none here."""
        other = Engine(self._docker_host, self._docker_bin, self._roots, self._config)
        other._looks_only = self._looks_only
        return other

    @property
    def limit_seconds(self) -> float:
        """For how long an answer is waited for."""
        return self._limit_seconds

    @property
    def trouble(self) -> Unknown | None:
        """Why a question was not answered, if there was one."""
        answers = [self._failure, *self._answers.values()]
        return next((answer for answer in answers if isinstance(answer, Unknown)), None)

    def _connect(self) -> Any:
        self._docker_host = endpoint.resolve(self._docker_host, self._config)
        if not self._docker_host.startswith("unix://"):
            # Bind mounts and paths mean something on the engine's machine only, and that must be this one.
            where = where_set("DOCKER_HOST", self._roots)
            raise Unknown(
                f"DOCKER_HOST is {self._docker_host}, but only a socket on this machine is supported",
                f"remove DOCKER_HOST from {where}, or set it to {DEFAULT_SOCKET} there",
            )
        refused = self._why_closed()
        try:
            return self._client(self._dialer if refused else None)
        except Unknown as failure:
            # Modules that do not go together fail at the first call only: "Not supported URL scheme http+docker".
            if "URL scheme" in str(failure):
                raise modules.not_usable("docker", failure) from failure
            if isinstance(refused, PermissionError):
                raise self._closed(refused) from failure
            if refused is not None:  # and not what became of the way through DOCKER_BIN
                raise Unknown(f"Docker did not respond ({refused.strerror or refused})", SILENT_HINT) from failure
            raise

    def _client(self, dialer: Dialer | None) -> Any:
        docker = modules.load("docker")

        def client(version: str) -> Any:
            return docker.APIClient(base_url=self._docker_host, version=version, timeout=self._limit_seconds)

        # Given a version, it asks nothing before it knows the way.
        asking = client(docker.constants.DEFAULT_DOCKER_API_VERSION)
        if dialer:
            reach_through(asking, dialer, self._limit_seconds)
        ask_a_silent_engine_once(asking)
        version = guarded(lambda: str(asking.version(api_version=False)["ApiVersion"]))
        api = guarded(lambda: client(version))
        api.mount(SCHEME, asking.get_adapter(SCHEME))
        ask_a_silent_engine_once(api)
        if self._looks_only:
            let_only_look(api)
        return api

    def _why_closed(self) -> OSError | None:
        """Give the error of opening the socket, or None. Remember the process that listens on it."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(TIMEOUT_SECONDS)
            try:
                probe.connect(self._docker_host.removeprefix("unix://"))
                self._listener = host_root.listener_of(probe)
            except OSError as error:
                return error
        return None

    def _closed(self, refused: PermissionError) -> Unknown:
        """Say what is wrong where neither the socket nor DOCKER_BIN leads to the engine."""
        path = self._docker_host.removeprefix("unix://")
        message = f"User dokku cannot open Docker's socket {path} ({refused.strerror})"
        if self._dialer:
            said = self._dialer.complaint() or "no response"
            message += f", and '{self._dialer.docker_bin} system dial-stdio' failed ({said})"
        return Unknown(
            message, f"add user dokku to the group of {path}, or set DOCKER_BIN to a command that can open it"
        )

    def containers(self, *, anew: bool = False) -> list[Json]:
        """Give all containers, running or not, with their mounts: one call, made again when ``anew``."""
        listed = self._once("containers", lambda: self.api.containers(all=True), anew=anew)
        if self._roots:
            host_root.check(listed, *self._roots, self._listener)
        return listed

    def volumes(self, *, anew: bool = False) -> list[Json]:
        """Give all volumes with their driver options: one call, made again when ``anew``."""
        return self._once("volumes", lambda: self.api.volumes().get("Volumes") or [], anew=anew)

    def images(self, *, anew: bool = False) -> list[Json]:
        """Give all tagged images: one call, made again when ``anew``."""
        return self._once("images", lambda: self.api.images(all=False), anew=anew)

    def services(self, *, anew: bool = False) -> list[Json]:
        """Give all Swarm services, also those without a task. Raises Unknown on a worker of a swarm."""
        return self._once("services", self._list_services, anew=anew)

    def _list_services(self) -> list[Json]:
        swarm = self.api.info().get("Swarm") or {}
        if swarm.get("LocalNodeState") in {None, "", "inactive"}:
            return []
        if not swarm.get("ControlAvailable"):
            raise Unknown(
                "this server is a worker of a Docker swarm and cannot list its services",
                "run the plugin on a manager: docker node promote",
            )
        return list(self.api.services())

    def _info(self) -> Json:
        answer = guarded(self.api.info)
        return answer if isinstance(answer, dict) else {}

    def engine_id(self) -> str:
        """Return the ID that the engine keeps in its data directory. Raises Unknown."""
        return str(self._info().get("ID") or "")

    def data_roots(self) -> list[str]:
        """Return the directories in which the engine keeps its data, by their paths on the engine's host.

        With the containerd image store (the default of new installations since Docker 29) images and the build cache
        are below containerd's root, whatever the data root is.
        """
        info = self._info()
        data_root = str(info.get("DockerRootDir") or "")
        if not data_root or ["driver-type", CONTAINERD_STORE] not in (info.get("DriverStatus") or []):
            return [data_root] if data_root else []
        address = str((info.get("Containerd") or {}).get("Address") or "")
        # A containerd that dockerd itself started keeps its data below dockerd's (moby, libcontainerd/supervisor).
        is_shared = not address or address.endswith("/run/containerd/containerd.sock")
        return [data_root, _containerd_root() if is_shared else f"{data_root}/containerd/daemon"]

    def restarts(self, container_id: str) -> bool:
        """Tell whether the engine starts a container again by itself; one that is gone is not."""
        policy = guarded(lambda: self.api.inspect_container(container_id))["HostConfig"].get("RestartPolicy") or {}
        return policy.get("Name") not in {None, "", "no"}

    def _once(self, question: str, ask: Callable[[], list[Json]], *, anew: bool) -> list[Json]:
        # That there was no answer is remembered too: for a thousand apps nobody waits a thousand times.
        if anew or question not in self._answers:
            try:
                self._answers[question] = guarded(ask)
            except Unknown as failure:
                self._answers[question] = failure
        answer = self._answers[question]
        if isinstance(answer, Unknown):
            raise answer
        return answer


def _containerd_root() -> str:
    """Return the root that the system's containerd is set to, or its default."""
    with contextlib.suppress(OSError), open(CONTAINERD_SETTINGS, encoding="utf-8", errors="replace") as file:
        found = re.search(r"""^root\s*=\s*["'](/[^"'\n]*)["']""", file.read(), re.MULTILINE)
        return found[1] if found else CONTAINERD_ROOT
    return CONTAINERD_ROOT


def where_set(variable: str, roots: tuple[str, str] | None) -> str:
    """Name the file from which Dokku has a variable of this process (0.38.27, the dokku script reads these)."""
    root = roots[0] if roots else "/home/dokku"
    fixed = ["/etc/default/dokku", os.path.join(root, "dokkurc")]
    for path in [*fixed, *sorted(glob.glob(f"{glob.escape(root)}/.dokkurc/*"))]:
        with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as file:
            if variable in file.read():
                return path
    return f"the environment, such as a file in {os.path.join(root, '.dokkurc')}"


def guarded(call: Callable[[], Answer]) -> Answer:
    """Make a call to the engine, and turn whatever the SDK and its HTTP layer throw into Unknown."""
    docker_errors = modules.load("docker.errors")
    request_errors = modules.load("requests.exceptions")
    try:
        return call()
    except docker_errors.APIError as error:
        said = " ".join(str(error.explanation or error).split())
        hint = NO_SPACE_HINT if NO_SPACE in said.lower() else ERROR_HINT
        raise Unknown(f"Docker reported an error: {said}", hint) from error
    except (
        docker_errors.DockerException,
        request_errors.RequestException,
        OSError,
        ValueError,
    ) as error:
        raise Unknown(f"Docker did not respond ({_brief(error)})", SILENT_HINT) from error


def _brief(error: BaseException) -> str:
    """Give the innermost cause in one line: the SDK wraps a missing socket three times over."""
    while True:
        # What was raised "from None" hides a context that would mislead, such as how urllib3 tries two ways to ask.
        context = None if error.__suppress_context__ else error.__context__
        inner = error.__cause__ or context or _wrapped(error.args)
        if inner is None:
            break
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def _wrapped(arguments: Iterable[object]) -> BaseException | None:
    return next((argument for argument in arguments if isinstance(argument, BaseException)), None)
