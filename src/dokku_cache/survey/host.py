"""What refers to a cache on the host: bind mounts in all mount namespaces, and the nginx configuration."""

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping

from dokku_cache.dokku import files
from dokku_cache.engine.client import Json, is_helper
from dokku_cache.model.errors import Unknown
from dokku_cache.model.location import Location, Reference
from dokku_cache.model.state import ReasonCode
from dokku_cache.survey.docker import container_reference
from dokku_cache.survey.locations import Part, Query, Target
from dokku_cache.tree.mounts import Mount, parse

PROC = "/proc"
_HIDDEN = "the mounts of other processes cannot be read; /proc may be mounted with hidepid"
_HIDDEN_HINT = "let the dokku user see them: 'sudo mount -o remount,gid=$(id -g dokku) /proc', also in fstab"
#: Docker mounts a container's /etc/hostname, /etc/hosts and /etc/resolv.conf from its own directory of the container.
_CONTAINER = re.compile(rb" \S*/containers/([0-9a-f]{64})/\S+ /etc/(?:hostname|hosts|resolv\.conf) ")
#: The beginning identifies a table: mount ids are unique among all namespaces.
_BEGINNING_BYTES = 256


Places = Mapping[tuple[int, str], Location]


def add_mounts(query: Query) -> None:
    """Add the bind mounts of a cache, of a path in it, or of the app directory."""
    try:
        with open(f"{PROC}/self/mountinfo", "rb") as file:
            own_table = file.read()
        own = tuple(parse(line) for line in own_table.splitlines())
        # With hidepid=2 only its own processes are listed for a user; process 1 always exists.
        processes = sorted({1, *(int(name) for name in os.listdir(PROC) if name.isdecimal())})
    except (OSError, ValueError) as error:
        text = f"the kernel's mount tables cannot be read ({error})"
        query.unknown(Reference(ReasonCode.UNREADABLE, text, "report this as a bug"))
        return
    places = query.locations.on_device(own)
    for mount in own:
        _add(query, mount, places, f"a bind mount shows {{}} at {mount.mount_point}", f"umount {mount.mount_point}")
    query.shown |= {mount.mount_point for mount in own}
    containers = _containers(query)
    for pid, table in _other_tables(query, own_table[:_BEGINNING_BYTES], processes):
        match = _CONTAINER.search(table)
        container = containers.get(match[1].decode()) if match else None
        if container is None:
            process = f"process {pid} ({_command(pid)})"
            for mount in _mounts(table, places):
                _add(query, mount, places, f"{process} has {{}} mounted at {mount.mount_point}", f"stop {process}")
        elif not is_helper(container):
            query.shown.add(str(container["Id"]))
            for mount in _mounts(table, places):
                for target in _targets(mount, places):
                    query.use([target], container_reference(container, target.part.value, mount.mount_point))


def _add(query: Query, mount: Mount, places: Places, sentence: str, hint: str) -> None:
    for target in _targets(mount, places):
        text = sentence.replace("{}", target.part.value)
        query.use([target], Reference(ReasonCode.MOUNTED_ELSEWHERE, text, hint))


def _targets(mount: Mount, places: Places) -> Iterator[Target]:
    path, name = mount.root, ""
    while (location := places.get((mount.device, path))) is None:
        if path in {"/", ""}:  # empty for what is no directory, such as net:[4026531840]
            return
        path, name = os.path.split(path)
    # An app directory may itself be a mount point. Other namespaces have copies of that mount, maybe below /host.
    directory = os.path.realpath(os.path.dirname(location.path))
    if name in location.names:
        yield Target(location.app, Part.CACHE)
    elif not name and not mount.mount_point.endswith(directory):
        yield Target(location.app, Part.APP)


def _containers(query: Query) -> dict[str, Json]:
    try:
        return {str(container.get("Id")): container for container in query.containers}
    except Unknown:
        return {}  # the other sources report that


def _other_tables(query: Query, own_beginning: bytes, processes: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """Yield each distinct table once, with a process that has it.

    Every user may read it (Linux, fs/proc_namespace.c), unless /proc is mounted with hidepid (proc(5)).
    """
    known = {own_beginning}
    for pid in processes:
        try:
            with open(f"{PROC}/{pid}/mountinfo", "rb", buffering=0) as file:
                beginning = file.read(_BEGINNING_BYTES)
                if not beginning or beginning in known:
                    continue
                known.add(beginning)
                rest = b"".join(iter(lambda: file.read(1 << 16), b""))
        except OSError as error:
            if isinstance(error, PermissionError) or (pid == 1 and isinstance(error, FileNotFoundError)):
                query.unknown(Reference(ReasonCode.UNREADABLE, _HIDDEN, _HIDDEN_HINT))
                return
            continue  # the process ended
        yield pid, beginning + rest


def _mounts(table: bytes, places: Places) -> Iterator[Mount]:
    devices = {f"{os.major(device)}:{os.minor(device)}".encode() for device, _ in places}
    for line in table.splitlines():
        if line.split(b" ", 3)[2:3] and line.split(b" ", 3)[2] in devices:
            yield parse(line)


def _command(pid: int) -> str:
    try:
        with open(f"{PROC}/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "ended"


#: Debian's nginx, and openresty on the host (0.38.27, plugins/nginx-vhosts/install).
MAIN = ("/etc/nginx/nginx.conf", "/usr/local/openresty/nginx/conf/nginx.conf")
#: Written for each app (0.38.27, plugins/nginx-vhosts).
_OF_APPS = ("*/nginx.conf", "*/nginx.conf.d/*.conf")
_INCLUDE = re.compile(r"""\binclude\s+["']?([^\s;"']+)""")
#: Lists of addresses may be this long.
_MAX_BYTES = 16 << 20


def add_nginx(query: Query) -> None:
    """Add the files that contain the path of a cache or of its app directory.

    Files below the directory of nginx.conf count even if nothing includes them. Includes of apps are not followed.
    """
    root = query.environment.root
    known = {file for part in _OF_APPS for file in glob.glob(os.path.join(glob.escape(root), part))}
    for directory in glob.glob(os.path.join(glob.escape(root), "*", "nginx.conf.d")):
        _check_listable(query, directory, app=os.path.relpath(directory, root).split("/")[0])
    for file in known:
        _search(query, file, app=os.path.relpath(file, root).split("/")[0])
    for main in MAIN:
        base = os.path.dirname(main)
        waiting = [main, *glob.iglob(f"{base}/**/*.conf", recursive=True)]
        while waiting:
            file = waiting.pop()
            if file not in known:
                known.add(file)
                # Always relative to the directory of nginx.conf (nginx, ngx_conf_include).
                for pattern in _INCLUDE.findall(_search(query, file)):
                    waiting += _find_included(query, os.path.join(base, pattern.replace("\0", "")))


def _search(query: Query, file: str, app: str = "") -> str:
    """Search one file of nginx, or of an app, and return its text."""
    try:
        text = files.read(file, files.MAX_BYTES if app else _MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""
    except OSError as error:
        _add_unreadable(query, file, error, app)
        return ""
    hint = f"remove the path from {file} and reload nginx"
    for target in query.locations.in_text(text):
        sentence = f"{file} refers to {target.part.value}"
        query.use([target], Reference(ReasonCode.IN_NGINX_CONFIG, sentence, hint, app))
    if query.locations.has_variable(text):
        reason = f"{file} contains a path in {query.environment.root} with a variable, which cannot be resolved"
        hint = f"write the path without a variable in {file}"
        query.unknown(Reference(ReasonCode.PATH_WITH_VARIABLE, reason, hint, app))
    return text


def _add_unreadable(query: Query, path: str, error: OSError, app: str) -> None:
    directory = next((base for base in map(os.path.dirname, MAIN) if path.startswith(f"{base}/")), path)
    hint = f"sudo chgrp -R dokku {directory} && sudo chmod -R g+rX {directory}"
    hint = hint if isinstance(error, PermissionError) else f"check {path}"
    query.unknown(Reference(ReasonCode.UNREADABLE, f"{path} cannot be read ({error.strerror})", hint, app))


def _find_included(query: Query, pattern: str) -> list[str]:
    """Return the files that a pattern includes. Add an unknown for directories that may have more of them."""
    directory = os.path.dirname(pattern)
    # Nothing in the directory of an app is included unless Dokku can read it.
    for found in glob.glob(directory) if glob.has_magic(directory) else [directory]:
        if not found.startswith(f"{query.environment.root}/"):
            _check_listable(query, found)
    while glob.has_magic(directory):
        directory = os.path.dirname(directory)
    _check_listable(query, directory)
    return glob.glob(pattern)


def _check_listable(query: Query, directory: str, app: str = "") -> None:
    """Add an unknown if a directory exists and cannot be listed: ``glob`` would find nothing in it."""
    try:
        os.scandir(directory).close()
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        _add_unreadable(query, directory, error, app)
