"""The connection to the Docker engine of this machine."""

import contextlib
import json
import re
import socket
from collections.abc import Callable
from typing import Any, TypeVar

from dokku_cache import modules
from dokku_cache.engine import host_root
from dokku_cache.engine.endpoint import Dialer, DockerConfig, resolve
from dokku_cache.model.errors import Unknown

#: For one call, and for all calls of a command together: after one timeout no further call is made. Listing
#: containers took minutes on troubled engines (moby/moby#31719).
TIMEOUT_SECONDS = 30

#: The driver type of an engine that keeps its images in containerd.
CONTAINERD_STORE = "io.containerd.snapshotter.v1"
CONTAINERD_ROOT = "/var/lib/containerd"
CONTAINERD_SETTINGS = "/etc/containerd/config.toml"

ERROR_HINT = "fix this first; for details, check 'journalctl -u docker'"
TIMEOUT_HINT = "nothing is removed until Docker responds; check 'journalctl -u docker'"
UNREACHABLE_HINT = "check 'systemctl status docker', then try again"
#: The kernel's message for bytes and for inodes (errno(3), ENOSPC).
NO_SPACE = "no space left on device"
NO_SPACE_HINT = (
    "Docker needs a few MB and inodes to start a container: free some with 'sudo apt-get clean' or 'sudo journalctl "
    "--vacuum-size=50M', then purge again"
)

#: Labels of what this plugin creates in Docker. Containers that others start from the helper image inherit IMAGE.
HELPER, CONTAINER, IMAGE = "com.dokku.cache.helper", "container", "image"
APP_NAME = "com.dokku.app-name"
#: Where a helper container has its directory mounted.
MOUNT_POINT = "/legacy"
BUILDER_TYPE = "com.dokku.builder-type"
#: Dokku's labels on everything that it creates (0.38.27, DOKKU_GLOBAL_RUN_ARGS).
DOKKU = {"dokku": "", "org.label-schema.schema-version": "1.0", "org.label-schema.vendor": "dokku"}

Answer = TypeVar("Answer")
Json = dict[str, Any]


class Engine:
    """The Docker engine. Connects at the first call, and makes each listing call once.

    ``docker_bin`` reaches it where the socket cannot be opened. ``config`` names the socket where ``docker_host`` is
    empty. ``roots``: Dokku's root, and its path on the engine's host. Every method raises Unknown when the engine
    does not respond in time, reports an error, or cannot be understood; later calls then fail at once.
    """

    def __init__(
        self,
        docker_host: str,
        docker_bin: str = "",
        roots: tuple[str, str] | None = None,
        config: DockerConfig | None = None,
    ) -> None:
        self._arguments = docker_host, docker_bin, roots, config
        self._docker_host = docker_host
        self._dialer = Dialer(docker_bin) if docker_bin else None
        self._roots = roots
        self._config = config or DockerConfig()
        self._listener = 0
        self._is_read_only = False
        self._limit_seconds: float = TIMEOUT_SECONDS
        self._api: Any = None
        self._failure: Unknown | None = None
        self._answers: dict[str, list[Json] | Unknown] = {}

    @property
    def api(self) -> Any:
        """The docker SDK's low-level client (docker.APIClient, version 5.0.3 or later)."""
        if self._failure is not None:
            raise self._failure
        if self._api is None:
            try:
                self._api = self._connect()
            except Unknown as failure:
                self._failure = failure
                raise
        return self._api

    def only_read(self) -> None:
        """Refuse every request that changes something, except for helper containers that scan."""
        self._is_read_only = True

    def wait_at_most(self, seconds: float) -> None:
        """Set a lower time limit, for callers that must not wait long."""
        self._limit_seconds = min(seconds, TIMEOUT_SECONDS)

    def another(self) -> "Engine":
        """Return the same engine with its own connection, whose timeouts do not affect this one."""
        other = Engine(*self._arguments)
        other._is_read_only, other._limit_seconds = self._is_read_only, self._limit_seconds
        return other

    @property
    def limit_seconds(self) -> float:
        """The time limit of a call."""
        return self._limit_seconds

    @property
    def trouble(self) -> Unknown | None:
        """The first failure so far."""
        answers = [self._failure, *self._answers.values()]
        return next((answer for answer in answers if isinstance(answer, Unknown)), None)

    def containers(self, *, refresh: bool = False) -> list[Json]:
        """List all containers, running or not, with their mounts. ``refresh``: ignore an earlier answer."""
        listed = self._once("containers", lambda: self.api.containers(all=True), refresh=refresh)
        if self._roots:
            host_root.check(listed, *self._roots, self._listener)
        return listed

    def volumes(self, *, refresh: bool = False) -> list[Json]:
        """List all volumes with their driver options."""
        return self._once("volumes", lambda: self.api.volumes().get("Volumes") or [], refresh=refresh)

    def images(self, *, refresh: bool = False) -> list[Json]:
        """List all tagged images."""
        return self._once("images", lambda: self.api.images(all=False), refresh=refresh)

    def services(self, *, refresh: bool = False) -> list[Json]:
        """List all Swarm services, also those without a task. Raises Unknown on a worker of a swarm."""
        return self._once("services", lambda: self._list_services(refresh=refresh), refresh=refresh)

    def _list_services(self, *, refresh: bool) -> list[Json]:
        swarm = self._info(refresh=refresh).get("Swarm") or {}
        if swarm.get("LocalNodeState") in {"", "inactive"}:
            return []
        if "LocalNodeState" not in swarm:
            raise Unknown("Docker does not report whether this server is in a swarm", UNREACHABLE_HINT)
        if not swarm.get("ControlAvailable"):
            raise Unknown(
                "this server is a worker of a Docker swarm and cannot list its services",
                "make this server a manager: run 'docker node promote' on a manager",
            )
        return list(self.api.services())

    def _info(self, *, refresh: bool = False) -> Json:
        answer = self._once("info", lambda: [self.api.info()], refresh=refresh)[0]
        return answer if isinstance(answer, dict) else {}

    def engine_id(self) -> str:
        """Return the ID that the engine keeps in its data directory."""
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
        """Return whether the engine may restart a container automatically."""
        policy = guarded(lambda: self.api.inspect_container(container_id))["HostConfig"].get("RestartPolicy") or {}
        return policy.get("Name") not in {"", "no"}

    def _once(self, question: str, ask: Callable[[], list[Json]], *, refresh: bool = False) -> list[Json]:
        """Return an answer or raise a failure, from memory if there is one: a list of many apps waits only once."""
        if refresh or question not in self._answers:
            try:
                self._answers[question] = guarded(ask)
            except Unknown as failure:
                self._answers[question] = failure
        answer = self._answers[question]
        if isinstance(answer, Unknown):
            raise answer
        return answer

    def _connect(self) -> Any:
        roots = self._roots[:1] if self._roots else ()
        self._docker_host = resolve(self._docker_host, self._config, *roots)
        refused = self._open_socket()
        try:
            return self._client(self._dialer if refused else None)
        except Unknown as failure:
            # Modules of versions that do not fit fail at the first call only: "Not supported URL scheme http+docker".
            if "URL scheme" in str(failure):
                raise modules.not_usable("docker", failure) from failure
            if isinstance(refused, PermissionError):
                raise self._closed(refused) from failure
            if refused is not None:
                raise Unknown(
                    f"Docker did not respond ({refused.strerror or refused})", UNREACHABLE_HINT
                ) from failure
            raise

    def _open_socket(self) -> OSError | None:
        """Try to open the socket, and return the error or None. Remember the process that listens on it."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(TIMEOUT_SECONDS)
            try:
                probe.connect(self._docker_host.removeprefix("unix://"))
                self._listener = host_root.listener_of(probe)
            except OSError as error:
                return error
        return None

    def _client(self, dialer: Dialer | None) -> Any:
        docker = modules.load("docker")
        limits = Limits(is_read_only=self._is_read_only)
        adapter = dialer.adapter(self._limit_seconds) if dialer else None

        class Client(docker.APIClient):  # type: ignore[misc, name-defined] # the SDK has no types
            def send(self, request: Any, **options: Any) -> Any:
                return limits.send(super().send, request, options)

            def get_adapter(self, url: str) -> Any:
                return adapter or super().get_adapter(url)

        try:
            return guarded(lambda: Client(self._docker_host, version="auto", timeout=self._limit_seconds))
        except Unknown as failure:
            if limits.timeout is not None:  # the SDK wraps it in an error of its own
                raise limits.timeout from failure
            raise

    def _closed(self, refused: PermissionError) -> Unknown:
        """Return the error for a socket that cannot be opened, neither directly nor by DOCKER_BIN."""
        path = self._docker_host.removeprefix("unix://")
        message = f"The dokku user cannot open Docker's socket {path} ({refused.strerror})"
        if self._dialer:
            complaint = self._dialer.complaint() or "no response"
            message += f", and '{self._dialer.docker_bin} system dial-stdio' failed ({complaint})"
        return Unknown(
            message, f"add the dokku user to the group of {path}, or set DOCKER_BIN to a command that can open it"
        )


class Limits:
    """What the requests of one client may do.

    After the first timeout every request fails at once: an engine that hangs would otherwise cost the limit for
    each question of each app. A read-only client raises RuntimeError, as it is a defect, instead of changing
    anything; it may import the helper image, and create, start and remove helper containers whose mounts are all
    read-only.
    """

    _PATH = re.compile(r"(?:/v[0-9.]+)?(/[^?]*)")
    _CONTAINER = re.compile(r"/containers/(?P<id>[0-9a-f]+)(?P<verb>/attach|/start|)")

    def __init__(self, *, is_read_only: bool) -> None:
        self.timeout: Unknown | None = None
        self._is_read_only = is_read_only
        self._created: set[str] = set()

    def send(self, send: Callable[..., Any], request: Any, options: dict[str, Any]) -> Any:
        """Send a request of the HTTP library, and return the response."""
        if self.timeout is not None:
            raise self.timeout
        match = self._PATH.match(str(request.path_url))
        path = match[1] if match else ""
        if self._is_read_only and request.method not in {"GET", "HEAD"} and not self._is_for_a_scan(request, path):
            raise RuntimeError(f"a read-only command sent {request.method} {path} to Docker")
        try:
            response = send(request, **options)
        except Exception as error:
            if not _is_timeout(error):
                raise
            self.timeout = Unknown(f"Docker did not respond within {options.get('timeout')} s", TIMEOUT_HINT)
            raise self.timeout from error
        if path == "/containers/create" and response.ok:
            self._created.add(str(response.json()["Id"]))
        return response

    def _is_for_a_scan(self, request: Any, path: str) -> bool:
        if request.method == "POST" and path == "/images/create":
            return "fromImage" not in request.path_url  # that pulls
        if request.method == "POST" and path == "/containers/create":
            container = json.loads(request.body or "{}")
            config = container.get("HostConfig") or {}
            is_bound = config.get("Binds") or config.get("VolumesFrom") or config.get("Privileged")
            mounts = config.get("Mounts") or []
            labels = container.get("Labels") or {}
            return labels.get(HELPER) == CONTAINER and not is_bound and all(one.get("ReadOnly") for one in mounts)
        match = self._CONTAINER.fullmatch(path)
        if match is None or match["id"] not in self._created:
            return False
        return bool(request.method == ("POST" if match["verb"] else "DELETE"))


def is_helper(container: Json) -> bool:
    """Return whether a listed container is a helper: an image can have its label, but not its bind mount."""
    mounts = [(mount.get("Type"), mount.get("Destination")) for mount in container.get("Mounts") or ()]
    return (container.get("Labels") or {}).get(HELPER) == CONTAINER and mounts == [("bind", MOUNT_POINT)]


def guarded(call: Callable[[], Answer]) -> Answer:
    """Make a call to the engine, and turn every error of the SDK and its HTTP library into Unknown."""
    docker_errors = modules.load("docker.errors")
    request_errors = modules.load("requests.exceptions")
    try:
        return call()
    except docker_errors.APIError as error:
        message = " ".join(str(error.explanation or error).split())
        hint = NO_SPACE_HINT if NO_SPACE in message.lower() else ERROR_HINT
        raise Unknown(f"Docker reported an error: {message}", hint) from error
    except (docker_errors.DockerException, request_errors.RequestException, OSError, ValueError) as error:
        raise Unknown(f"Docker did not respond ({_innermost(error)})", UNREACHABLE_HINT) from error


def _innermost(error: BaseException) -> str:
    """Return the message of the innermost cause: the SDK wraps a missing socket three times."""
    while not (isinstance(error, OSError) and error.strerror):
        # A suppressed context would mislead: urllib3 tries two ways to make a request.
        context = None if error.__suppress_context__ else error.__context__
        wrapped = next((argument for argument in error.args if isinstance(argument, BaseException)), None)
        inner = error.__cause__ or context or wrapped
        if inner is None:
            break
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def _is_timeout(error: BaseException | None) -> bool:
    """Return whether a timeout made a request fail: the HTTP libraries wrap it in errors of their own."""
    while error is not None:
        if isinstance(error, TimeoutError) or type(error).__name__ in {"ReadTimeout", "ReadTimeoutError"}:
            return True
        error = error.__cause__ or error.__context__
    return False


def _containerd_root() -> str:
    """Return the root that the system's containerd is set to, or its default."""
    with contextlib.suppress(OSError), open(CONTAINERD_SETTINGS, encoding="utf-8", errors="replace") as file:
        found = re.search(r"""^root\s*=\s*["'](/[^"'\n]*)["']""", file.read(), re.MULTILINE)
        return found[1] if found else CONTAINERD_ROOT
    return CONTAINERD_ROOT
