"""The image of the helper container: Python and the worker program of this machine, pulled from nowhere."""

import hashlib
import importlib.util
import io
import marshal
import os
import re
import subprocess
import tarfile

from dokku_cache import modules
from dokku_cache.engine import client
from dokku_cache.engine.client import Engine, guarded
from dokku_cache.model.errors import Unknown
from dokku_cache.tree import program

REPOSITORY = "dokku-cache-helper"
PYTHON = os.path.realpath(program.COMMAND[0])
WORKER = "/worker.pyc"
#: As on this machine, but with the compiled program, which starts faster.
COMMAND = [PYTHON, *program.COMMAND[1:], WORKER]
#: Prints the files of all modules that the worker program loads, and of their compiled forms.
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
    """Return the image's name, after importing it where it is missing. Raises Unknown.

    The tag changes with the worker program and with Python's version. An update of the same version keeps the image:
    it is complete, and a full disk may have no space for another one.
    """
    try:
        with open(program.PATH, "rb") as file:
            tag = hashlib.sha256(_machine_id() + PYTHON.encode() + file.read()).hexdigest()[:16]
        name = f"{REPOSITORY}:{tag}"
        if not guarded(lambda: _exists(engine, name)):
            archive = _archive()
            labels = {**client.DOKKU, client.HELPER: client.IMAGE}
            changes = [f'LABEL {key}="{value}"' for key, value in labels.items()]
            guarded(
                lambda: engine.api.import_image_from_data(archive, repository=REPOSITORY, tag=tag, changes=changes)
            )
    except (OSError, subprocess.SubprocessError) as error:
        raise Unknown(
            f"the helper image cannot be built ({error})",
            "run 'sudo dokku plugin:install-dependencies', then try again",
        ) from error
    return name


def _machine_id() -> bytes:
    """Return what makes the tag hard to guess: `git:load-image` could load another image of the same name."""
    try:
        with open("/etc/machine-id", "rb") as file:
            return file.read(64)
    except OSError:
        return b""


def remove(engine: Engine, *, keep: str = "") -> int:
    """Remove all images that this plugin imported, except for ``keep``; return how many. Raises Unknown."""

    def remove_all() -> int:
        images = engine.api.images(name=REPOSITORY)
        tags = [
            tag
            for image in images
            for tag in image.get("RepoTags") or ()
            if tag.startswith(f"{REPOSITORY}:") and tag != keep
        ]
        for tag in tags:
            engine.api.remove_image(tag)
        return len(tags)

    return guarded(remove_all)


def _exists(engine: Engine, name: str) -> bool:
    try:
        engine.api.inspect_image(name)
    except modules.load("docker.errors").ImageNotFound:
        return False
    return True


def _archive() -> bytes:
    """Return an archive of Python, the modules that the worker program loads, and the libraries that these need."""
    listing = [*program.COMMAND, "-c", _LIST_MODULES, os.path.dirname(program.PATH)]
    loaded = [path for path in _output(listing).splitlines() if os.path.exists(path)]
    binaries = [PYTHON, *(path for path in loaded if path.endswith(".so"))]
    libraries = [path for binary in binaries for path in _LIBRARY.findall(_output(["ldd", binary]))]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        _add(archive, WORKER, _compiled())
        for path in sorted({PYTHON, *loaded, *libraries}):
            with open(path, "rb") as file:
                _add(archive, path, file.read(), os.fstat(file.fileno()).st_mtime)
    return buffer.getvalue()


def _compiled() -> bytes:
    """Compile the worker program, as a .pyc file that is not checked against its source (PEP 552)."""
    with open(program.PATH, "rb") as file:
        code = compile(file.read(), WORKER, "exec")
    return importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8) + marshal.dumps(code)


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, env={"PATH": "/usr/bin:/bin"}).stdout


def _add(archive: tarfile.TarFile, path: str, content: bytes, modified: float = 0) -> None:
    entry = tarfile.TarInfo(path.lstrip("/"))
    # A compiled module is used only while its source has the modification time with which it was compiled.
    entry.size, entry.mtime, entry.mode = len(content), int(modified), 0o755
    archive.addfile(entry, io.BytesIO(content))
