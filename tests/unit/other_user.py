"""Run code as a user who is not root, and for whom files can be unreadable."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

#: The account bin, which every Debian has.
UID = 2


@contextmanager
def other_user() -> Iterator[None]:
    """Become another user during the block, unless this process is not root's anyway."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(UID)
    try:
        yield
    finally:
        os.seteuid(0)
