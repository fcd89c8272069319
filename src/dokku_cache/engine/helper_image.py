"""The image of the helper container: this machine's busybox-static and nothing else, pulled from nowhere."""

import hashlib
import io
import os
import tarfile
from typing import Any

from dokku_cache import modules
from dokku_cache.engine import labels
from dokku_cache.engine.client import Engine, guarded
from dokku_cache.errors import Unestablished

REPOSITORY = "dokku-cache-helper"
BUSYBOX = "/bin/busybox"
#: What the scripts call. Debian's busybox finds its own applets without these links; others need them.
APPLETS = ("sh", "awk", "find", "head", "ionice", "mv", "renice", "rm", "sleep", "stat", "xargs")


def ensure(engine: Engine) -> str:
    """Give the image's name, importing it where it is missing, as after a ``docker image prune --all``.

    The tag is derived from what is in it, so an updated package, or plugin, gets a new image. Raises Unestablished.
    """
    not_found = modules.load("docker.errors").ImageNotFound

    archive = _archive(_read_busybox())
    tag = hashlib.sha256(archive).hexdigest()[:16]
    name = f"{REPOSITORY}:{tag}"

    def find_or_import() -> None:
        try:
            engine.api.inspect_image(name)
        except not_found:
            changes = [
                f'LABEL {key}="{value}"' for key, value in {**labels.DOKKU, labels.HELPER: labels.IMAGE}.items()
            ]
            engine.api.import_image_from_data(archive, repository=REPOSITORY, tag=tag, changes=changes)

    guarded(find_or_import)
    return name


def remove(engine: Engine) -> int:
    """Remove all images that this plugin imported, of older busybox versions too; give how many.

    Raises Unestablished when the engine does not do it.
    """

    def remove_all() -> int:
        images: list[dict[str, Any]] = engine.api.images(name=REPOSITORY)
        tags = [tag for image in images for tag in image.get("RepoTags") or ()]
        for tag in tags:
            engine.api.remove_image(tag)
        return len(tags)

    return guarded(remove_all)


def _read_busybox() -> bytes:
    try:
        with open(BUSYBOX, "rb") as file:
            binary = file.read()
    except OSError as error:
        raise Unestablished(
            f"{BUSYBOX} cannot be read ({error.strerror})", "run 'sudo dokku plugin:install-dependencies'"
        ) from error
    # A dynamically linked busybox (package busybox, not busybox-static) would not start in an empty image.
    if b"/lib64/ld-linux" in binary[:65536] or b"/lib/ld-" in binary[:65536]:
        raise Unestablished(
            f"{BUSYBOX} is not statically linked",
            "run 'sudo apt-get install busybox-static', and purge again",
        )
    return binary


def _archive(binary: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        file = tarfile.TarInfo("bin/busybox")
        file.size, file.mode = len(binary), 0o755
        archive.addfile(file, io.BytesIO(binary))
        for applet in APPLETS:
            link = tarfile.TarInfo(os.path.join("bin", applet))
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    return buffer.getvalue()
