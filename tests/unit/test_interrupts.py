"""Signals at a bad moment."""

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dokku_cache.model import errors
from dokku_cache.model.errors import Interrupted


@pytest.fixture(autouse=True)
def _handlers_as_they_were() -> Iterator[None]:
    before = {number: signal.signal(number, signal.SIG_DFL) for number in errors.SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", errors.SIGNALS)
def test_a_signal_interrupts_once(number: int) -> None:
    errors.interrupt_at_signals()
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), number)
    for again in errors.SIGNALS:
        os.kill(os.getpid(), again)


def test_who_was_started_by_nohup_goes_on_after_a_hang_up_and_ends_by_the_others() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    errors.interrupt_at_signals()
    os.kill(os.getpid(), signal.SIGHUP)
    assert not errors.was_interrupted()
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), signal.SIGTERM)


def test_a_held_back_signal_comes_at_the_end_of_the_block() -> None:
    errors.interrupt_at_signals()
    done = []

    def block() -> None:
        with errors.held_back():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("all of it")

    with pytest.raises(Interrupted):
        block()
    assert done == ["all of it"]


def test_a_held_back_signal_that_is_ignored_stays_so() -> None:
    errors.interrupt_at_signals()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with errors.held_back():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_an_ignored_hang_up_does_not_hide_a_held_back_interrupt() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    errors.interrupt_at_signals()

    def block() -> None:
        with errors.held_back():
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Interrupted):
        block()


def test_another_thread_holds_nothing_back_and_breaks_nothing() -> None:
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with errors.held_back():
                pass
        except BaseException as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert failures == []


def test_ctrl_c_while_modules_are_loaded_shows_no_traceback(tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "src"
    package = tmp_path / "dokku_cache"
    (package / "actions").mkdir(parents=True)
    (package / "model").mkdir()
    for name in ("__init__.py", "modules.py", "model/errors.py"):
        shutil.copy(source / "dokku_cache" / name, package / name)
    shutil.copy(source / "__main__.py", tmp_path)
    (package / "actions/cli.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    done = subprocess.run(
        [sys.executable, "-I", tmp_path, "list"], capture_output=True, check=False, timeout=60, restore_signals=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")
