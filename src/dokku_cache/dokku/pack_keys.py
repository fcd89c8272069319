"""The keys with which pack, as user dokku runs it, salts the names of its cache volumes.

pack keeps one an image in ``volume-keys.toml`` of its own directory, unless ``PACK_VOLUME_KEY`` gives one for all
(buildpacks/pack 0.35.0 and later, pkg/cache/volume_cache.go and internal/config/config.go).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dokku_cache.dokku import files
from dokku_cache.dokku.environment import DokkuEnvironment

FILE_NAME = "volume-keys.toml"
VARIABLE = "PACK_VOLUME_KEY"
#: The one form that pack writes: its table holds nothing but texts, and an image's name needs no escapes.
_ENTRY = re.compile(r'^\s*"(?P<image>[^"\\\n]+)"\s*=\s*"(?P<key>[^"\\\n]*)"\s*$', re.MULTILINE)


@dataclass(frozen=True)
class PackKeys:
    """What pack would take now: a key for every image, or one by the image's full name."""

    for_all: str = ""
    by_image: Mapping[str, str] = field(default_factory=dict)

    def of(self, image: str) -> str:
        """Give the key of an image, empty where none is known."""
        return self.for_all or self.by_image.get(image, "")


def read(environment: DokkuEnvironment, environ: Mapping[str, str]) -> PackKeys:
    """Read them. What cannot be read is a key that is not known: nothing is deleted for one that is."""
    for_all = environ.get(VARIABLE, "")
    home = environ.get("PACK_HOME") or os.path.join(environment.root, ".pack")
    try:
        content = files.read(os.path.join(home, FILE_NAME))
    except OSError:
        return PackKeys(for_all)
    return PackKeys(for_all, {found["image"]: found["key"] for found in _ENTRY.finditer(content)})
