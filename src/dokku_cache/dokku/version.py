"""Which Dokku is installed."""

import os
import re

from dokku_cache.model.version import DokkuVersion

#: As Dokku looks for it: the package's file first, then the one that ``make install`` writes (git describe).
FILES = ("STABLE_VERSION", "VERSION")
#: ``0.38.27``, ``v0.38.27-33-g3389f5``, ``1690000000:0.31.0``: epoch and suffix occur, and say nothing here.
_PATTERN = re.compile(r"(?:\d+:)?v?(\d{1,6})\.(\d{1,6})\.(\d{1,6})(?![0-9.])")


def read_text(lib_root: str) -> str:
    """Return the version as Dokku recorded it, stripped; empty when it cannot be read or is damaged."""
    for name in FILES:
        try:
            with open(os.path.join(lib_root, name), encoding="utf-8") as file:
                text = file.readline(200).strip()
            return text if text.isprintable() else ""
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            return ""
    return ""


def parse(text: str) -> DokkuVersion | None:
    """Give the release that a version text names, or None when it names none."""
    match = _PATTERN.match(text)
    return DokkuVersion(*(int(part) for part in match.groups())) if match else None


def read(lib_root: str) -> DokkuVersion | None:
    """Give the installed version, or None: nobody may then take a cache for dead."""
    return parse(read_text(lib_root))
