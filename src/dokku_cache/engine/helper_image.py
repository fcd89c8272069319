"""The image of the helper container: Python and the worker program of this machine, pulled from nowhere."""

import hashlib
import importlib.util
import io
import marshal
import os
import re
import subprocess
import tarfile
from typing import Any

from dokku_cache import modules
from dokku_cache.engine import client
from dokku_cache.engine.client import Engine, guarded
from dokku_cache.errors import Unknown
from dokku_cache.tree import program

REPOSITORY = "dokku-cache-helper"
PYTHON = os.path.realpath(program.COMMAND[0])
WORKER = "/worker.pyc"
#: Run in the container as on this machine. The compiled program starts faster.
COMMAND = [PYTHON, *program.COMMAND[1:], WORKER]
#: Prints the files of all modules that the worker program loads, itself included, and of their compiled forms.
_LIST_MODULES = """
import sys
sys.path.insert(0, sys.argv[1])
import worker
for module in sys.modules.values():
    for path in (getattr(module, "__file__", None), getattr(module, "__cached__", None)):
        if path and module is not worker:
            print(path)
"""
#: A library or the dynamic linker, as ldd(1) prints it.
_LIBRARY = re.compile(r"(?:^|=> )\s*(/\S+) \(0x", re.MULTILINE)


def ensure(engine: Engine) -> str:
    """Return the image's name, after importing it where it is missing, as after ``docker image prune --all``.

    The tag changes with the worker program and with Python's version. After an update of the same version the image
    remains as it is: it is complete, and a full disk may have no room for another one. Raises Unknown.
    """
    not_found = modules.load("docker.errors").ImageNotFound
    name = f"{REPOSITORY}:{_tag()}"

    def find_or_import() -> None:
        try:
            engine.api.inspect_image(name)
        except not_found:
            image_labels = {**client.DOKKU, client.HELPER: client.IMAGE}
            changes = [f'LABEL {key}="{value}"' for key, value in image_labels.items()]
            engine.api.import_image_from_data(_archive(), repository=REPOSITORY, tag=_tag(), changes=changes)

    guarded(find_or_import)
    return name


def remove(engine: Engine, *, keep: str = "") -> int:
    """Remove all images that this plugin imported, but the one to ``keep``; return how many. Raises Unknown."""

    def remove_all() -> int:
        images: list[dict[str, Any]] = engine.api.images(name=REPOSITORY)
        tags = [tag for image in images for tag in image.get("RepoTags") or () if tag != keep]
        for tag in tags:
            engine.api.remove_image(tag)
        return len(tags)

    return guarded(remove_all)


def _tag() -> str:
    try:
        with open(program.PATH, "rb") as file:
            return hashlib.sha256(PYTHON.encode() + file.read()).hexdigest()[:16]
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> Unknown:
    return Unknown(
        f"the helper image cannot be built ({error})", "run 'sudo dokku plugin:install-dependencies', then try again"
    )


def _archive() -> bytes:
    buffer = io.BytesIO()
    try:
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            _add(archive, WORKER, _compiled())
            for path in _files():
                with open(path, "rb") as file:
                    _add(archive, path, file.read(), os.fstat(file.fileno()).st_mtime)
    except (OSError, subprocess.SubprocessError) as error:
        raise _unreadable(error) from error
    return buffer.getvalue()


def _compiled() -> bytes:
    """Compile the worker program, as a .pyc file that is not checked against its source (PEP 552)."""
    with open(program.PATH, "rb") as file:
        code = compile(file.read(), WORKER, "exec")
    return importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + marshal.dumps(code)


def _files() -> list[str]:
    """Return the paths of Python, the modules that the worker program loads, and the libraries that these need."""
    listing = [*program.COMMAND, "-c", _LIST_MODULES, os.path.dirname(program.PATH)]
    loaded = [path for path in _output(listing).splitlines() if os.path.exists(path)]
    binaries = [PYTHON, *(path for path in loaded if path.endswith(".so"))]
    libraries = [path for binary in binaries for path in _LIBRARY.findall(_output(["ldd", binary]))]
    return sorted({PYTHON, *loaded, *libraries})


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}).stdout


def _add(archive: tarfile.TarFile, path: str, content: bytes, modified: float = 0) -> None:
    entry = tarfile.TarInfo(path.lstrip("/"))
    # A compiled module is used only while its source has the time of modification that it was compiled at.
    entry.size, entry.mtime, entry.mode = len(content), int(modified), 0o755
    archive.addfile(entry, io.BytesIO(content))
