"""What lies in the first two levels of a legacy cache: whose it is, what it is called, when it was written."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dokku_cache.tree.find_pool import FindJob, FindPool
from dokku_cache.tree.handles import OPEN_DIRECTORY
from dokku_cache.tree.measurement import Measurement, is_future

#: A look ends after so many entries; where there are more, ``look_at_all`` goes on before anything is decided.
LOOK_ENTRIES = 2000
#: So many names of the first level are kept. A cache that buildpacks laid out has a dozen.
MOST_NAMES = 1000
#: Directories whose name alone does not tell what they are, so that the names in them are kept too.
AMBIGUOUS = frozenset({"apt", "bin", "cargo", "lib", "meteor", "php", "project", "public", "target", "vendor"})


@dataclass(frozen=True)
class Inside:
    """The two first levels, the directory itself included.

    ``owners``: uids. ``names``: names of the first level, at most MOST_NAMES of them, each with the names in it
    where it is one of AMBIGUOUS. ``newest``: the latest modification that is not in the future, in seconds since
    the epoch. ``closed``: directories that could not be read. ``is_whole``: no owner was left out.
    ``has_all_names``: nor was any name of the first level.
    """

    owners: frozenset[int] = frozenset()
    names: Mapping[str, frozenset[str]] = field(default_factory=dict)
    newest: float | None = None
    closed: int = 0
    is_whole: bool = True
    has_all_names: bool = True

    def __add__(self, later: "Inside") -> "Inside":
        """Take in who and when another look has met; that this one was whole holds for both."""
        times = [newest for newest in (self.newest, later.newest) if newest is not None]
        return replace(self, owners=self.owners | later.owners, newest=max(times, default=None))

    @property
    def is_known(self) -> bool:
        """Tell whether everything in the two levels was seen."""
        return self.is_whole and not self.closed


@dataclass(frozen=True)
class Walk:
    """What a walk over a whole cache, or over trash, has seen; of trash nobody asks what is ``inside``."""

    measured: Measurement
    inside: Inside | None = None


class Insight:
    """Gathers what a look meets."""

    def __init__(self) -> None:
        self.owners: set[int] = set()
        self.names: dict[str, set[str]] = {}
        self.newest: float | None = None
        self.closed = 0
        self.is_whole = True
        self.has_all_names = True
        self.entries = 0

    def add(self, owner: int, modified: float) -> None:
        """Count one entry, by its owner's uid and its modification (seconds since the epoch)."""
        self.entries += 1
        self.owners.add(owner)
        if (self.newest is None or modified > self.newest) and not is_future(modified):
            self.newest = modified

    def name(self, name: str, above: str = "") -> None:
        """Note a name of the first level, or of the second one below ``above``."""
        if above:
            if above in AMBIGUOUS and above in self.names and len(self.names[above]) < MOST_NAMES:
                self.names[above].add(name)
        elif len(self.names) < MOST_NAMES:
            self.names[name] = set()
        else:
            self.has_all_names = False

    def result(self) -> Inside:
        """Give what was gathered."""
        names = {name: frozenset(inner) for name, inner in self.names.items()}
        return Inside(frozenset(self.owners), names, self.newest, self.closed, self.is_whole, self.has_all_names)


def look_inside(parent_fd: int, name: str) -> Inside:
    """Look into the directory ``name`` of an open directory, without following a link.

    What vanishes meanwhile is passed over. Raises OSError when the directory itself is gone or none.
    """
    insight = Insight()
    status = os.stat(name, dir_fd=parent_fd, follow_symlinks=False)
    insight.add(status.st_uid, status.st_mtime)
    try:
        top = os.open(name, OPEN_DIRECTORY, dir_fd=parent_fd)
    except PermissionError:
        insight.closed += 1
        return insight.result()
    try:
        _read(top, "", insight)
    finally:
        os.close(top)
    return insight.result()


def look_at_all(top_fd: int, seen: Inside) -> Inside:
    """Ask for the owners of all entries of the two levels, where a look has ended before it had seen them.

    By a ``find``, which is several times as fast as this program in a directory of a million entries. Raises
    Unestablished when that cannot be started or is killed.
    """
    if seen.is_whole:
        return seen
    owners = set(seen.owners)
    known = [word for owner in seen.owners for word in ("!", "-uid", str(owner))]
    with FindPool() as pool:
        pool.start(FindJob([(top_fd, ".")], ("-maxdepth", "2", *known)), ["-printf", r"%U\n"])
        while not pool.are_idle:
            for lines in pool.output(wait=True):
                owners.update(map(int, lines.split()))
        closed = seen.closed + pool.complaints
    return replace(seen, owners=frozenset(owners), closed=closed, is_whole=True)


def _read(directory: int, above: str, insight: Insight) -> None:
    """Take in one level, and from the first one go on to the second."""
    below: list[str] = []
    with os.scandir(directory) as entries:
        for entry in entries:
            if insight.entries >= LOOK_ENTRIES:
                insight.is_whole = False
                insight.has_all_names = insight.has_all_names and bool(above)
                return
            insight.name(entry.name, above)
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            except PermissionError:  # may be listed, but not searched (mode r--)
                insight.closed += 1
                return
            insight.add(status.st_uid, status.st_mtime)
            if not above and stat.S_ISDIR(status.st_mode):
                below.append(entry.name)
    for name in below:
        _enter(directory, name, insight)


def _enter(directory: int, name: str, insight: Insight) -> None:
    try:
        handle = os.open(name, OPEN_DIRECTORY, dir_fd=directory)
    except FileNotFoundError:
        return
    except OSError:
        insight.closed += 1
        return
    try:
        _read(handle, name, insight)
    finally:
        os.close(handle)
