"""What the helper container writes, line by line; helper_scripts has the protocol."""

import os

from dokku_cache.engine.helper_scripts import MOST_NAME_BYTES
from dokku_cache.tree.contents import Insight
from dokku_cache.tree.measurement import Tally


def count(tally: Tally, words: bytes) -> None:
    """Count one entry that was measured. Raises ValueError when the line is not understood."""
    links, device, inode, blocks, seconds, kind = words.split(maxsplit=5)
    tally.count(int(blocks), int(seconds))
    if kind == b"directory":
        tally.directories += 1
    elif kind != b"top":
        tally.files += 1
        if int(links) > 1:
            tally.link(int(device), int(inode), int(blocks))


def take_names(insight: Insight, words: bytes) -> None:
    """Take in the names in a directory, in hexadecimal digits, each with a NUL behind it: the last may be cut."""
    directory, _, digits = words.decode().partition(" ")
    if directory == "." and len(digits) >= 2 * MOST_NAME_BYTES:
        insight.has_all_names = False
    for name in bytes.fromhex(digits).split(b"\0")[:-1]:
        insight.name(os.path.basename(os.fsdecode(name)), "" if directory == "." else directory)
