"""What somebody sees who is not root: what he may not read is closed to him, as it is to user dokku."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

#: Of an account that every Debian has, bin.
SOMEBODY = 2


@contextmanager
def somebody() -> Iterator[None]:
    """Be somebody else for a while; whoever is not root is that already."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(SOMEBODY)
    try:
        yield
    finally:
        os.seteuid(0)
