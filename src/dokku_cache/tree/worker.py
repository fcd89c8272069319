"""Scans the current directory and everything below it, or deletes everything below it.

A self-contained program that imports little: it starts quickly, and the helper container has nothing else.

    python3 -I -S worker.py scan|delete DEVICE:INODE PROCESSES [gentle]

It prints lines ``+ ENTRIES BYTES``, what is done so far, at least every second, and at the end ``= JSON``, the
result. Without that line the work is incomplete. Names are bytes in hexadecimal.

The work is split into units. A unit is a packet of at most UNIT_BYTES: a kind, the path of a directory, and names in
it, separated by NUL. A process does one unit at a time, and after UNIT_ENTRIES entries shares the rest as new units.
"""

import errno
import marshal
import os
import select
import signal
import stat
import sys
import time

#: Exit code when the current directory is not the expected one.
EXIT_REPLACED = 70
#: Top-level names that a scan reports. A build cache has about a dozen.
MAX_NAMES = 1000
#: Top-level directories whose name alone does not identify them: the names inside them are reported too.
AMBIGUOUS_NAMES = frozenset({"apt", "bin", "cargo", "lib", "meteor", "node", "php", "project", "target", "vendor"})
MAX_MOUNTS = 10
#: st_blocks counts units of 512 bytes, whatever the file system's block size is (stat(2)).
BYTES_PER_BLOCK = 512
UNIT_ENTRIES = 1000
#: A pipe with O_DIRECT keeps packets of up to PIPE_BUF apart (pipe2(2)). One byte says what kind of message it is.
MESSAGE_BYTES, UNIT_BYTES = 4096, 4095
#: Directories with a longer path are not shared.
PATH_BYTES = 2000
#: Names that are handled, or put into a unit, at once.
BATCH = 100
#: Few directories are still shared in this many units, as one of them may hold nearly everything.
DIRECTORY_UNITS = 8
#: Directories kept open on the way down; those further up are opened again through "..".
OPEN_LEVELS = 64
#: Inodes that are sorted at once, as most ext4 file systems group them.
GROUP_INODES = 8192
#: How often deleting starts again because new entries appeared.
ATTEMPTS = 3
PROGRESS_SECONDS = 0.1
#: After these errors nothing more can be deleted.
FATAL = frozenset({errno.EROFS, errno.EIO, errno.EUCLEAN})
OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: Hard links are compared in this many parts, one after the other, to need less memory.
LINK_PARTS, LINK_BYTES = 64, 16
NEVER = float("-inf")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TOP, DIRECTORIES, FILES = b"t\0", "d", "f"
UNIT, PROGRESS, DONE = b"u", b"+", b"."


class Fatal(Exception):
    """Deleting cannot go on."""


class Level:
    """An open directory on the way down; ``fd`` is -1 while it is closed.

    ``path``: from the top; None where it is too long to be shared. ``names``: directories in it that are still to be
    visited, each as ``INODE/NAME``.
    """

    def __init__(self, fd: int, name: str, path: str | None) -> None:
        self.fd, self.name, self.path = fd, name, path
        self.names: list[str] = []
        self.status = os.fstat(fd)

    def close(self) -> None:
        if self.fd != -1:
            os.close(self.fd)
            self.fd = -1


class Tree:
    """Visits everything below an open directory. Follows no symlink, and enters no other mount or file system."""

    def __init__(self, top: int) -> None:
        self.pool: Pool
        self._top, self._status, self._mount = top, os.fstat(top), mount_of(top)
        self._visited = 0
        self._way: list[Level] = []
        self._next_report = 0.0

    def take(self) -> bytes:
        """Return what was found since the last call, in less than MESSAGE_BYTES."""
        raise NotImplementedError

    def merge(self, delta: bytes) -> None:
        """Add what this process or another one found to the result. Raises Fatal."""
        raise NotImplementedError

    def progress(self) -> tuple[int, int]:
        """Return the entries and bytes of the result so far."""
        raise NotImplementedError

    def result(self) -> dict[str, object]:
        """Return the result: numbers, strings without quotes, and lists and dicts of them."""
        raise NotImplementedError

    def _entered(self, status: os.stat_result) -> None:
        """Handle a directory before its entries."""

    def _left(self, parent: int, name: str) -> None:
        """Handle a directory after its entries are handled or shared."""

    def _handle_files(self, directory: int, names: list[str]) -> None:
        """Handle entries that are not directories."""

    def _failed(self, error: OSError, name: str) -> None:
        """Handle an error of an entry in the current directory. EXDEV: it is another mount."""

    def _is_full(self) -> bool:
        """Return whether more might not fit into one message."""
        return False

    def run(self, unit: bytes) -> None:
        """Do one unit."""
        kind, path, *names = os.fsdecode(unit).split("\0")
        self._visited = 0
        try:
            self._way = [self._open_path(path)]
            if kind == FILES:
                self._handle_files(self._way[0].fd, names)
                return
            self._way[0].names = names
            if unit == TOP:
                self._read()
            while self._way:
                self._step()
        except OSError as error:  # a directory was moved
            self._failed(error, "")
        finally:
            while self._way:
                self._way.pop().close()

    def _open_path(self, path: str) -> Level:
        level = Level(os.open(".", OPEN_DIRECTORY, dir_fd=self._top), "", "")
        for name in filter(None, path.split("/")):
            try:
                below = self._open(level.fd, name, "")
            finally:
                level.close()
            level = below
        level.path = path
        return level

    def _open(self, parent: int, name: str, inode: str) -> Level:
        """Open a directory. ``inode``: as its parent lists it, which differs where something is mounted on it."""
        level = Level(os.open(name, OPEN_DIRECTORY, dir_fd=parent), name, None)
        is_listed = inode == str(level.status.st_ino)
        if level.status.st_dev != self._status.st_dev or (not is_listed and mount_of(level.fd) != self._mount):
            level.close()
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        return level

    def _step(self) -> None:
        """Enter the next directory, or leave the current one."""
        if self._visited >= UNIT_ENTRIES and self.pool.is_ready():
            self._visited = 0
            for level in self._way:
                self._share(level, [])
        level = self._way[-1]
        if not level.names:
            self._go_up()
            return
        inode, _, name = level.names.pop().partition("/")
        try:
            child = self._open(level.fd, name, inode)
        except OSError as error:
            self._failed(error, name)
            return
        if level.path is not None:
            path = f"{level.path}/{name}".lstrip("/")
            child.path = path if len(os.fsencode(path)) <= PATH_BYTES else None
        self._way.append(child)
        if len(self._way) > OPEN_LEVELS:
            self._way[-OPEN_LEVELS - 1].close()
        self._visited += 1
        self._entered(child.status)
        self._read()

    def _go_up(self) -> None:
        child = self._way.pop()
        try:
            if not self._way:
                return
            parent = self._way[-1]
            if parent.fd == -1:
                parent.fd = os.open("..", OPEN_DIRECTORY, dir_fd=child.fd)
                if not os.path.samestat(os.fstat(parent.fd), parent.status):
                    raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        finally:
            child.close()
        self._left(parent.fd, child.name)

    def _read(self) -> None:
        """Handle the files in the current directory and note its directories. Share both if there are many.

        Many files are sorted by inode: the file system then frees neighboring blocks together.
        """
        level = self._way[-1]
        files: list[str] = []
        groups: dict[int, bytearray] = {}
        try:
            with os.scandir(level.fd) as entries:
                for count, entry in enumerate(entries, 1):
                    inode = entry.inode()
                    if entry.is_dir(follow_symlinks=False):
                        level.names.append(f"{inode}/{entry.name}")
                    elif count <= UNIT_ENTRIES:
                        files.append(entry.name)
                    else:
                        group = groups.setdefault(inode // GROUP_INODES, bytearray())
                        group += os.fsencode(f"{inode % GROUP_INODES:04}/{entry.name}\0")
                    if count % BATCH == 0:
                        self._handle(level, files, share=count > UNIT_ENTRIES)
        except OSError as error:
            self._failed(error, "")
        self._handle(level, files)
        for number in sorted(groups):
            found = sorted(os.fsdecode(bytes(groups.pop(number))).split("\0")[:-1])
            for start in range(0, len(found), BATCH):
                names = [entry.partition("/")[2] for entry in found[start : start + BATCH]]
                self._handle(level, names, share=True)

    def _handle(self, level: Level, files: list[str], *, share: bool = False) -> None:
        if share and self.pool.is_ready():
            self._share(level, files)
        self._visited += len(files)
        self._handle_files(level.fd, files)
        files.clear()
        now = time.monotonic()
        if now >= self._next_report or self._is_full():
            self._next_report = now + PROGRESS_SECONDS
            self.pool.report(self.take())

    def _share(self, level: Level, files: list[str]) -> None:
        """Share files and directories in a directory, unless its path is too long."""
        if level.path is not None:
            for unit in pack(FILES, level.path, files) + pack(DIRECTORIES, level.path, level.names):
                self.pool.add(unit)
            files.clear()
            level.names.clear()

    def _where(self, name: str) -> bytes:
        """Return the path from the top to an entry in the current directory, shortened."""
        first = [self._way[0].path or ""] if self._way else []
        return os.fsencode("/".join(filter(None, [*first, *(level.name for level in self._way[1:]), name])))[-300:]


class Found:
    """What was found. ``links``: inode and blocks of each entry that has several names."""

    def __init__(self) -> None:
        self.files = self.directories = self.blocks = self.unreadable = 0
        self.mtime = self.ctime = NEVER
        self.owners: set[int] = set()
        self.groups: set[int] = set()
        self.mounts: list[bytes] = []
        self.links = bytearray()

    def count(self, status: os.stat_result) -> None:
        if status.st_nlink == 1 or stat.S_ISDIR(status.st_mode):
            self.blocks += status.st_blocks
        else:
            self.links += status.st_ino.to_bytes(8, "little") + status.st_blocks.to_bytes(8, "little")
        if status.st_mtime > self.mtime:  # noqa: PLR1730 - faster than max()
            self.mtime = status.st_mtime
        if status.st_ctime > self.ctime:  # noqa: PLR1730
            self.ctime = status.st_ctime
        self.owners.add(status.st_uid)
        self.groups.add(status.st_gid)


class Scanner(Tree):
    """Collects facts about every entry, the top directory included."""

    def __init__(self, top: int) -> None:
        super().__init__(top)
        self._found, self._total = Found(), Found()
        self._links = [bytearray() for _ in range(LINK_PARTS)]
        self._found.count(self._status)
        self._found.ctime = NEVER  # a rename changes the top directory's

    def take(self) -> bytes:
        found, self._found = self._found, Found()
        return marshal.dumps({**vars(found), "mounts": found.mounts[:3], "links": bytes(found.links)})

    def merge(self, delta: bytes) -> None:
        new, total = Found(), self._total
        vars(new).update(marshal.loads(delta))
        total.files += new.files
        total.directories += new.directories
        total.blocks += new.blocks
        total.unreadable += new.unreadable
        total.mtime, total.ctime = max(total.mtime, new.mtime), max(total.ctime, new.ctime)
        total.owners |= new.owners
        total.groups |= new.groups
        total.mounts += new.mounts[: MAX_MOUNTS - len(total.mounts)]
        for link in pieces_of(new.links):
            self._links[link[0] % LINK_PARTS] += link

    def progress(self) -> tuple[int, int]:
        return self._total.files + self._total.directories, self._total.blocks * BYTES_PER_BLOCK

    def result(self) -> dict[str, object]:
        total = self._total
        linked = sum(int.from_bytes(link[8:], "little") for part in self._links for link in set(pieces_of(part)))
        names, has_all_names = names_in(self._top)
        times = {"newest_mtime": total.mtime, "newest_ctime": total.ctime}
        return {
            **{name: time for name, time in times.items() if time != NEVER},
            "size_bytes": (total.blocks + linked) * BYTES_PER_BLOCK,
            "files": total.files,
            "directories": total.directories,
            "owners": sorted(total.owners),
            "groups": sorted(total.groups),
            "names": names,
            "has_all_names": int(has_all_names),
            "unreadable": total.unreadable,
            "other_mounts": sorted(path.hex() for path in total.mounts),
        }

    def _is_full(self) -> bool:
        ids = len(self._found.owners) + len(self._found.groups)
        return len(self._found.links) > LINK_BYTES * BATCH // 4 or ids > BATCH // 4

    def _entered(self, status: os.stat_result) -> None:
        self._found.directories += 1
        self._found.count(status)

    def _handle_files(self, directory: int, names: list[str]) -> None:
        found = self._found
        for name in names:
            try:
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            except FileNotFoundError:
                continue
            except OSError:  # the directory may be listed but not searched (mode r--)
                found.unreadable += 1
                return
            found.files += 1
            found.count(status)

    def _failed(self, error: OSError, name: str) -> None:
        if error.errno == errno.EXDEV:
            self._found.mounts.append(self._where(name))
        elif error.errno != errno.ENOENT:
            self._found.unreadable += 1
            try:
                if name:
                    self._entered(os.stat(name, dir_fd=self._way[-1].fd, follow_symlinks=False))
            except OSError:
                return


class Deleter(Tree):
    """Deletes everything below the top directory, in a first pass by units and then in a last one.

    Only the last pass records failures: the first path of each kind.
    """

    def __init__(self, top: int) -> None:
        super().__init__(top)
        self._is_last_pass = False
        self._errors: dict[int, bytes] = {}
        self._new_errors: dict[int, bytes] = {}
        self._removed = self._total = 0

    def take(self) -> bytes:
        delta = marshal.dumps((self._removed, self._new_errors))
        self._removed, self._new_errors = 0, {}
        return delta

    def merge(self, delta: bytes) -> None:
        removed, errors = marshal.loads(delta)
        self._total += removed
        self._errors = {**errors, **self._errors}
        if not FATAL.isdisjoint(errors):
            raise Fatal

    def progress(self) -> tuple[int, int]:
        return self._total, 0

    def result(self) -> dict[str, object]:
        return {"removed": self._total, "errors": {str(number): path.hex() for number, path in self._errors.items()}}

    def delete_rest(self) -> None:
        """Delete what is left: directories whose content was shared, new entries, and what failed."""
        self._is_last_pass = True
        for _ in range(ATTEMPTS):
            self._errors = {}
            self.run(TOP)
            self.pool.report(self.take())
            if set(self._errors) != {errno.ENOTEMPTY}:
                return

    def _left(self, parent: int, name: str) -> None:
        try:
            os.rmdir(name, dir_fd=parent)
            self._removed += 1
        except OSError as error:
            self._failed(error, name)

    def _handle_files(self, directory: int, names: list[str]) -> None:
        for name in names:
            try:
                os.unlink(name, dir_fd=directory)
                self._removed += 1
            except OSError as error:
                self._failed(error, name)

    def _failed(self, error: OSError, name: str) -> None:
        number = error.errno or 0
        if (self._is_last_pass and number != errno.ENOENT) or number in FATAL:
            self._new_errors.setdefault(number, self._where(name))
        if number in FATAL:
            self._errors.setdefault(number, self._where(name))
            raise Fatal


class Pool:
    """Worker processes that are started when there is work to share. Where none can be started, units are done here.

    In a worker process ``messages`` is the pipe to its parent, to which it passes on units and what it found.
    """

    def __init__(self, tree: Tree, processes: int = 0) -> None:
        self._tree, self._processes = tree, processes
        self._units: list[bytes] = []
        self._unfinished = 0
        self._children: list[int] = []
        self._poll = select.poll()
        self._to_workers = self._from_workers = self._messages = -1
        self._printed = time.monotonic()
        tree.pool = self

    def is_ready(self) -> bool:
        """Return whether another process can do something, after starting them if necessary."""
        if self._processes and not self._children and self._messages == -1:
            self._start()
        return bool(self._children) or self._messages != -1

    def add(self, unit: bytes) -> None:
        """Take a unit for another process."""
        if self._messages != -1:
            os.write(self._messages, UNIT + unit)
        else:
            self._units.append(unit)

    def report(self, delta: bytes, kind: bytes = PROGRESS) -> None:
        """Take what was found since the last report."""
        if self._messages != -1:
            os.write(self._messages, kind + delta)
            return
        self._tree.merge(delta)
        if time.monotonic() - self._printed >= PROGRESS_SECONDS:
            self.print_progress()

    def print_progress(self) -> None:
        print("+", *self._tree.progress(), flush=True)
        self._printed = time.monotonic()

    def finish(self) -> None:
        """Wait until all units are done. Raises ChildProcessError when a worker was killed."""
        while self._children and (self._units or self._unfinished):
            self._exchange(1.0)
        self.stop()
        while self._units:
            self._tree.run(self._units.pop())
        self.report(self._tree.take())

    def stop(self) -> None:
        """Kill the workers; from now on nothing is shared."""
        self._processes = 0
        for child in self._children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        self._children = []

    def _start(self) -> None:
        units, self._to_workers = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
        self._from_workers, messages = os.pipe2(os.O_DIRECT | os.O_CLOEXEC)
        os.set_blocking(self._to_workers, False)
        os.set_blocking(self._from_workers, False)
        try:
            for _ in range(self._processes):
                child = os.fork()
                if child == 0:
                    try:
                        self._work(units, messages)
                    finally:
                        os._exit(0)
                self._children.append(child)
        except OSError:  # a limit of processes or memory
            self._processes = len(self._children)
        os.close(units)
        os.close(messages)
        self._poll.register(self._from_workers, select.POLLIN)

    def _work(self, units: int, messages: int) -> None:
        """Do units in a worker process until there are no more."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        os.close(self._to_workers)
        os.close(self._from_workers)
        self._children, self._messages = [], messages
        self._tree.take()  # which the parent reports
        while unit := os.read(units, MESSAGE_BYTES):
            try:
                self._tree.run(unit)
            except Fatal:
                self.report(self._tree.take())
            self.report(self._tree.take(), DONE)

    def _exchange(self, seconds: float) -> None:
        """Send units and receive messages. Wait this long for something to do."""
        self._poll.register(self._to_workers, select.POLLOUT if self._units else 0)
        if not self._poll.poll(seconds * 1000):
            self.print_progress()
            ended, _ = os.waitpid(-1, os.WNOHANG)
            if ended:
                self._children.remove(ended)  # its ID may soon be another process's
                raise ChildProcessError("a worker process ended early")
        try:
            while self._units:
                os.write(self._to_workers, self._units[-1])
                self._units.pop()
                self._unfinished += 1
        except BlockingIOError:
            pass  # the workers have enough to do
        try:
            while message := os.read(self._from_workers, MESSAGE_BYTES):
                kind, content = message[:1], message[1:]
                if kind == UNIT:
                    self._units.append(content)
                else:
                    self._unfinished -= kind == DONE
                    self.report(content)
        except BlockingIOError:
            return
        raise ChildProcessError("all worker processes ended early")


def mount_of(handle: int) -> int:
    """Return the ID of the mount through which a file was opened (proc(5), /proc/self/fdinfo)."""
    information = os.open(f"/proc/self/fdinfo/{handle}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return int(os.read(information, 4096).partition(b"mnt_id:")[2].split(maxsplit=1)[0])
    finally:
        os.close(information)


def pack(kind: str, path: str, names: list[str]) -> list[bytes]:
    """Pack names in a directory into units; directories into several even if there are few."""
    units: list[bytes] = []
    head = os.fsencode(f"{kind}\0{path}")
    limit = BATCH if kind == FILES else max(1, min(BATCH, len(names) // DIRECTORY_UNITS))
    unit, count = head, 0
    for name in map(os.fsencode, names):
        if count == limit or len(unit) + 1 + len(name) > UNIT_BYTES:
            units.append(unit)
            unit, count = head, 0
        unit += b"\0" + name
        count += 1
    return [*units, unit] if count else units


def pieces_of(links: bytes | bytearray) -> list[bytes]:
    """Split what describes links."""
    return [bytes(links[index : index + LINK_BYTES]) for index in range(0, len(links), LINK_BYTES)]


def names_in(top: int) -> tuple[dict[str, list[str]], bool]:
    """Return the names in a directory, each with the names in it if it is ambiguous, and whether these are all."""
    names: dict[str, list[str]] = {}
    with os.scandir(top) as entries:
        for entry in entries:
            if len(names) == MAX_NAMES:
                return names, False
            names[os.fsencode(entry.name).hex()] = []
    for name in AMBIGUOUS_NAMES:
        if name.encode().hex() in names:
            try:
                directory = os.open(name, OPEN_DIRECTORY, dir_fd=top)
            except OSError:
                continue
            names[name.encode().hex()] = [os.fsencode(inner).hex() for inner in os.listdir(directory)[:MAX_NAMES]]
            os.close(directory)
    return names, True


def main(mode: str, expected: str, processes: str, manner: str = "") -> int:
    """Run in the current directory, and return the exit code."""
    top = os.open(".", OPEN_DIRECTORY)
    status = os.fstat(top)
    if f"{status.st_dev}:{status.st_ino}" != expected:
        return EXIT_REPLACED
    if manner == "gentle":  # BFQ then treats its I/O as idle too (Linux, block/bfq-iosched.c)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    tree = Scanner(top) if mode == "scan" else Deleter(top)
    pool = Pool(tree, int(processes))

    def stop(number: int, _frame: object) -> None:
        pool.stop()
        os._exit(128 + number)

    for number in SIGNALS:
        signal.signal(number, stop)
    try:
        tree.run(TOP)
        pool.report(tree.take())
        pool.finish()
        if isinstance(tree, Deleter):
            tree.delete_rest()
    except Fatal:
        pass  # the result says why
    finally:
        pool.stop()
    pool.print_progress()
    # This is JSON: no name has quotes in it. The json module takes longer to load than all the others.
    print("=", repr(tree.result()).replace("'", '"'), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
