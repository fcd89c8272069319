"""Sizes as people write them: ``5G``, ``5GiB``, ``500 MB``; and shares of a disk: ``5%``."""

import re
from dataclasses import dataclass

#: As in truncate(1): K, M, ... and KiB, MiB, ... are powers of 1024, KB, MB, ... powers of 1000.
_POWERS = {letter: power for power, letter in enumerate("KMGTP", start=1)}
#: Three digits behind the point at most: so can bash, where a trigger must not wait for Python.
_SIZE = re.compile(
    r"(?P<whole>[0-9]{1,9})(?:\.(?P<rest>[0-9]{1,3}))? ?(?:(?P<letter>[KMGTP])(?P<kind>|B|IB)|B)", re.I
)
_SHARE = re.compile(r"(?P<whole>[0-9]{1,2})(?:\.(?P<rest>[0-9]{1,3}))? ?%")
#: More than any disk has: 8 EiB, the largest signed number of bytes.
_TOO_MUCH = 1 << 63
EXAMPLES = "5G, 5GiB or 500 MB"


@dataclass(frozen=True)
class Share:
    """A part of a whole, in thousandths of a per cent."""

    thousandths: int

    def of(self, whole: int) -> int:
        """Give that part of a number."""
        return whole * self.thousandths // 100_000


def parse(text: str) -> int:
    """Give a size in bytes. Raises ValueError when it is none, nothing, or more than any disk has."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"not a size: {text!r}")
    letter, kind = (found["letter"] or "").upper(), (found["kind"] or "").upper()
    unit = (1000 if kind == "B" else 1024) ** _POWERS[letter] if letter else 1
    size_bytes = _thousandths(found) * unit // 1000
    if not 0 < size_bytes < _TOO_MUCH:
        raise ValueError(f"nothing, or more than any disk has: {text!r}")
    return size_bytes


def parse_least(text: str) -> int | Share:
    """Give how much is to stay free: bytes, or a share of the disk below 100 %. Raises ValueError."""
    found = _SHARE.fullmatch(text.strip())
    if not found:
        return parse(text)
    if not _thousandths(found):
        raise ValueError(f"nothing: {text!r}")
    return Share(_thousandths(found))


def _thousandths(found: re.Match[str]) -> int:
    return int(found["whole"]) * 1000 + int((found["rest"] or "").ljust(3, "0"))
