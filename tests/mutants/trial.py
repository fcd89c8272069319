"""Trying mutants: each in a process that is forked when source and tests are loaded, and changed there.

So a mutant costs its tests and no more; loading both anew takes a second or more each time.
"""

import ast
import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import CodeType, FrameType, FunctionType

import pytest

from .mutations import Mutant

#: For the tests of a mutant, or as many times what they take without one: another has the processor too.
LIMIT_SECONDS = 12
LIMIT_TIMES = 3


class End(Enum):
    """What became of a mutant.

    ``UNREACHED``: no test calls the function that it is in.
    """

    KILLED = "killed"
    ENDLESS = "killed by the limit of time"
    SURVIVED = "survived"
    UNREACHED = "not reached"


@dataclass(frozen=True)
class Trial:
    """A mutant, and what became of it."""

    mutant: Mutant
    end: End


class Trials:
    """A plugin of pytest: runs the collected tests once, and then those that reach a mutant on each mutant."""

    def __init__(
        self, source: Path, modules: Iterable[Sequence[Mutant]], results: "list[Trial] | None" = None
    ) -> None:
        self._source = f"{source}/"
        self._modules = modules
        self._called: set[tuple[str, str]] = set()
        self._failed = False
        self._seconds: dict[str, float] = {}
        self._reaching: dict[tuple[str, str], set[pytest.Item]] = defaultdict(set)
        self.results = results if results is not None else []

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(self._source):
            self._called.add((code.co_filename, code.co_name))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a failure."""
        self._failed = self._failed or report.failed

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run all, then try each mutant."""
        for item in session.items:
            self._watch(item)
        if self._failed:
            raise pytest.UsageError("a test fails without any mutant")
        for mutants in self._modules:
            for mutant in mutants:
                self.results.append(Trial(mutant, self._attempt(mutant)))
        return True

    def _watch(self, item: pytest.Item) -> None:
        self._called = set()
        begun = time.monotonic()
        threading.setprofile(self._note)
        sys.setprofile(self._note)
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
        self._seconds[item.nodeid] = time.monotonic() - begun
        for path, name in self._called:
            module = path.removeprefix(self._source).removesuffix(".py").replace("/", ".")
            self._reaching[module, name].add(item)
            self._reaching[module, ""].add(item)

    def _attempt(self, mutant: Mutant) -> End:
        """Try a mutant on the tests that reach it, the quickest first."""
        name = "" if _is_in_class(mutant) else mutant.function.rsplit(".", 1)[-1]
        # Who makes functions for the others when the module is loaded is called by no test.
        reaching = self._reaching[mutant.module, name] or self._reaching[mutant.module, "<lambda>"]
        tests = sorted(reaching, key=lambda item: self._seconds[item.nodeid])
        if not tests:
            return End.UNREACHED
        child = os.fork()
        if not child:
            os._exit(self._run(mutant, tests))
        taken = sum(self._seconds[item.nodeid] for item in tests)
        return _wait(child, max(LIMIT_SECONDS, LIMIT_TIMES * taken))

    def _run(self, mutant: Mutant, tests: Sequence[pytest.Item]) -> int:
        os.setpgid(0, 0)
        quiet = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(quiet, stream)
        try:
            put_in_place(mutant)
            for item in tests:
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
                if self._failed:
                    return 1
        except BaseException:  # noqa: BLE001 - a mutant that ends the run is noticed too
            return 1
        return 0


def _is_in_class(mutant: Mutant) -> bool:
    """Tell whether it is in the body of a class, and in none of its methods."""
    return mutant.function.rsplit(".", 1)[-1].lstrip("_")[:1].isupper()


def put_in_place(mutant: Mutant) -> None:
    """Change the loaded module into the mutant: one function's code, or what a name at the top stands for.

    Of a class what its fields are is changed, by the constructor that is made of them.
    """
    module = importlib.import_module(f"dokku_cache.{mutant.module}")
    if not mutant.function:
        changed = {"__name__": module.__name__}
        exec(compile(mutant.source, str(module.__file__), "exec", dont_inherit=True), changed)
        _rebind(module.__dict__, changed)
        return
    names = mutant.function.split(".")
    (written,) = (part for part in ast.parse(mutant.source).body if getattr(part, "name", "") == names[0])
    around = dict(module.__dict__)
    exec(compile(ast.Module([written], []), str(module.__file__), "exec", dont_inherit=True), around)
    there, other = module.__dict__[names[0]], around[names[0]]
    if _is_in_class(mutant):
        there.__init__ = other.__init__
        return
    for name in names[1:]:
        if isinstance(there, type):
            there, other = there.__dict__[name], other.__dict__[name]  # unbound, as they were defined
    _give(_function(there), _function(other))


def _give(function: FunctionType, other: FunctionType) -> None:
    """Give a function the code and the defaults of another, and also those that it has made already."""
    made = dict(_nested(function.__code__, other.__code__))
    function.__code__ = other.__code__
    function.__defaults__, function.__kwdefaults__ = other.__defaults__, other.__kwdefaults__
    for known in gc.get_objects() if made else ():
        if isinstance(known, FunctionType) and id(known.__code__) in made:
            known.__code__ = made[id(known.__code__)]


def _nested(code: CodeType, other: CodeType) -> Iterator[tuple[int, CodeType]]:
    """Give what is defined in a function, by the id of its code, with what is so in the other."""
    pairs = zip(*([part for part in where.co_consts if isinstance(part, CodeType)] for where in (code, other)))  # noqa: B905 - one may lack some
    for before, after in pairs:
        yield id(before), after
        yield from _nested(before, after)


def _function(defined: object) -> FunctionType:
    """Give the function within a property, a class method, or a context manager."""
    while not (isinstance(defined, FunctionType) and not hasattr(defined, "__wrapped__")):
        defined = getattr(defined, "fget", None) or getattr(defined, "__func__", None) or defined.__wrapped__
    return defined


def _rebind(original: dict[str, object], changed: dict[str, object]) -> None:
    """Let each module that knows a constant by its name know the changed one."""
    for name, value in changed.items():
        old = original.get(name)
        if name.startswith("__") or isinstance(value, type | FunctionType) or old is None:
            continue
        for module in [*sys.modules.values()]:
            if getattr(module, "__dict__", {}).get(name) is old:
                module.__dict__[name] = value


@contextlib.contextmanager
def _ended(child: int) -> Generator[None, None, None]:
    """End a process with all that a test may have left running."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)


def _wait(child: int, limit_seconds: float) -> End:
    deadline = time.monotonic() + limit_seconds
    with _ended(child):
        while time.monotonic() < deadline:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return End.KILLED if status else End.SURVIVED
            time.sleep(0.005)
    os.waitpid(child, 0)
    return End.ENDLESS
