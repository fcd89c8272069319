"""Durations as people write them: ``36h``, ``7d``, ``1d12h``, ``0``."""

import re

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"([0-9]{1,9})([smhdw])")
_WHOLE = re.compile(r"(?:[0-9]{1,9}[smhdw])+")
#: A century: longer than anything that is compared with it.
FOR_EVER = 100 * 366 * 86400


def parse(text: str) -> int:
    """Give a duration in seconds. Raises ValueError when it is none, or as long as a century."""
    plain = text.strip().lower()
    if plain == "0":
        return 0
    if not _WHOLE.fullmatch(plain):
        raise ValueError(f"not a duration: {text!r}")
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in _PART.findall(plain))
    if seconds >= FOR_EVER:
        raise ValueError(f"as long as a century: {text!r}")
    return seconds


def as_text(seconds: int) -> str:
    """Write a duration in the largest units that fit."""
    if seconds <= 0:
        return "0"
    written = []
    for unit in ("d", "h", "m", "s"):
        number, seconds = divmod(seconds, _SECONDS[unit])
        if number:
            written.append(f"{number}{unit}")
    return "".join(written)
