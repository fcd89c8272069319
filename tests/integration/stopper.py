"""Stop a program at any of its system calls: it is killed there, or the call fails.

With seccomp_unotify(2) (Linux 5.5) each call of some kinds, of a process and its children, waits for an answer.
strace can inject failures too, but counts the calls of each thread separately.
"""

import ctypes
import errno
import fcntl
import os
import platform
import select
import signal
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

#: The numbers of the counted calls on both architectures. ``unlinkat`` with AT_REMOVEDIR counts as ``rmdir``.
_NUMBERS = {
    "x86_64": {
        "write": 1, "connect": 42, "sendto": 44, "rename": 82, "mkdir": 83, "rmdir": 84, "unlink": 87, "chmod": 90,
        "openat": 257,
        "unlinkat": 263, "renameat": 264, "fchmodat": 268, "renameat2": 316, "openat2": 437,
    },
    "aarch64": {
        "write": 64, "connect": 203, "sendto": 206, "openat": 56, "unlinkat": 35, "renameat": 38, "fchmodat": 53,
        "renameat2": 276, "openat2": 437,
    },
}  # fmt: skip
KINDS = ("openat", "write", "connect", "sendto", "rename", "unlink", "rmdir", "mkdir", "chmod")
_KIND_OF = {
    "renameat": "rename",
    "renameat2": "rename",
    "unlinkat": "unlink",
    "fchmodat": "chmod",
    "openat2": "openat",
}
#: Which argument is a path.
_PATHS = {
    **dict.fromkeys(("rename", "mkdir", "rmdir", "unlink", "chmod"), 0),
    **dict.fromkeys(("openat", "openat2", "unlinkat", "renameat", "renameat2", "fchmodat"), 1),
}
_AT_REMOVEDIR = 0x200

_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06  # BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
_ALLOW, _NOTIFY = 0x7FFF0000, 0x7FC00000
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_NO_NEW_PRIVILEGES = 38
_SET_FILTER, _NEW_LISTENER = 1, 1 << 3
_NOTIFICATION = struct.Struct("=QII iIQ 6Q")
_ANSWER = struct.Struct("=Qqi I")
_RECEIVE, _SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, _SEND
_CONTINUE = 1


@dataclass(frozen=True)
class Call:
    """One call: its kind, and the path in its arguments, or nothing."""

    kind: str
    path: str = ""

    def __str__(self) -> str:
        return f"{self.kind}({self.path})"


@dataclass(frozen=True)
class Stop:
    """Stop at a call of this kind, counted from 1: it fails with an errno, or the process is killed (None)."""

    kind: str
    number: int
    failure: int | None = None

    def __str__(self) -> str:
        how = "SIGKILL" if self.failure is None else errno.errorcode[self.failure]
        return f"{self.kind}:{how}:{self.number}"


@dataclass
class Run:
    """The counted calls, the call at which the program was stopped, and the exit code."""

    calls: list[Call] = field(default_factory=list)
    stopped_at: Call | None = None
    code: int = 0


def is_possible() -> bool:
    """Return whether this kernel and machine can do it."""
    return platform.machine() in _NUMBERS and tuple(map(int, os.uname().release.split(".")[:2])) >= (5, 5)


def run(enter: Callable[[], None], work: Callable[[], int], stop: Stop | None, counts: Callable[[Call], bool]) -> Run:
    """Do something in a child process that returns its exit code, and stop it.

    ``enter``: what the child does first; these calls do not count. ``counts``: which calls count afterwards.
    """
    ours, childs = socket.socketpair()
    child = os.fork()
    if child == 0:
        code = 125
        try:
            ours.close()
            enter()
            socket.send_fds(childs, [b"x"], [_listen()])
            childs.recv(1)
            childs.close()
            code = work()
        finally:
            os._exit(code)
    outcome = Run()
    try:
        childs.close()
        _, (listener,), _, _ = socket.recv_fds(ours, 1, 1)
        ours.send(b"x")
        ours.close()
        try:
            _answer_all(listener, outcome, stop, counts)
        finally:
            os.close(listener)
    except BaseException:  # without answers the child would wait forever
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    outcome.code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return outcome


def _listen() -> int:
    """Let calls of these kinds wait for an answer from now on; return the handle for the answers."""
    machine = platform.machine()
    numbers = sorted(_NUMBERS[machine].values())
    code = struct.pack("=HBBI", _LOAD, 0, 0, 0)
    for index, number in enumerate(numbers):
        code += struct.pack("=HBBI", _EQUAL, len(numbers) - index, 0, number)
    code += struct.pack("=HBBI", _RETURN, 0, 0, _ALLOW) + struct.pack("=HBBI", _RETURN, 0, 0, _NOTIFY)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("@HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    library = ctypes.CDLL(None, use_errno=True)
    library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)  # required for all but root
    listener: int = library.syscall(_SECCOMP[machine], _SET_FILTER, _NEW_LISTENER, program)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return listener


def _answer_all(listener: int, outcome: Run, stop: Stop | None, counts: Callable[[Call], bool]) -> None:
    names = {number: name for name, number in _NUMBERS[platform.machine()].items()}
    seen = dict.fromkeys(KINDS, 0)
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while True:
        if not poll.poll()[0][1] & select.POLLIN:
            return  # all processes have ended
        request = bytearray(_NOTIFICATION.size)
        try:
            fcntl.ioctl(listener, _RECEIVE, request)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.EINTR}:  # the caller was killed
                continue
            raise
        identifier, process, _, number, _, _, *arguments = _NOTIFICATION.unpack(request)
        call = _read(names[number], process, arguments)
        answer = _ANSWER.pack(identifier, 0, 0, _CONTINUE)
        if counts(call):
            outcome.calls.append(call)
            seen[call.kind] += 1
            if stop and (call.kind, seen[call.kind]) == (stop.kind, stop.number):
                outcome.stopped_at = call
                if stop.failure is None:
                    os.kill(process, signal.SIGKILL)
                    continue
                answer = _ANSWER.pack(identifier, 0, -stop.failure, 0)
        try:
            fcntl.ioctl(listener, _SEND, answer)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise


def _read(name: str, process: int, arguments: Sequence[int]) -> Call:
    kind = _KIND_OF.get(name, name)
    if name == "unlinkat" and arguments[2] & _AT_REMOVEDIR:
        kind = "rmdir"
    path = _string(process, arguments[_PATHS[name]]) if name in _PATHS else ""
    return Call(kind, path)


def _string(process: int, address: int) -> str:
    try:
        with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            return os.fsdecode(memory.read(4096).split(b"\0")[0])
    except (OSError, ValueError):
        return ""
