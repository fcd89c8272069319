"""What the helper container writes, line by line; helper_scripts has the protocol."""

import os

from dokku_cache.engine.helper_scripts import MOST_NAME_BYTES
from dokku_cache.tree.measurement import Tally


def count(tally: Tally, words: bytes) -> None:
    """Count one entry that was scanned. Raises ValueError when the line is not understood."""
    links, device, inode, blocks, mtime, ctime, uid, kind = words.split(maxsplit=7)
    if kind == b"top":
        tally.add_line(int(blocks), int(mtime), int(uid))
        return
    tally.add_line(int(blocks), int(mtime), int(uid), int(ctime))
    if kind == b"directory":
        tally.directories += 1
        return
    tally.files += 1
    if int(links) > 1:
        tally.link(int(device), int(inode), int(blocks))


def read_names(words: bytes) -> tuple[str, list[str], bool]:
    """Give a directory, the names in it, and whether none was left out. ``.`` is the top directory.

    The names are in hexadecimal digits, each followed by a NUL: the last one may be cut.
    """
    directory, _, digits = words.decode().partition(" ")
    names = [os.path.basename(os.fsdecode(name)) for name in bytes.fromhex(digits).split(b"\0")[:-1]]
    return directory, names, len(digits) < 2 * MOST_NAME_BYTES
