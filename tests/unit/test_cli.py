"""Errors become text and exit codes in one place."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from dokku_cache.actions import cli
from dokku_cache.model import errors
from dokku_cache.model.errors import CacheError, ExitCode, Interrupted

SOURCE = Path(__file__).parents[2] / "src"


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/usr/bin/python3", "-I", "-B", str(SOURCE), *arguments],
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_exit_code_is_dokkus_not_implemented() -> None:
    assert 10 not in set(ExitCode)
    codes = {
        kind.exit_code for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CacheError)
    }
    assert codes == {1, 3, 20}


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("../report",)])
def test_what_is_no_action_is_refused(arguments: tuple[str, ...]) -> None:
    done = run(*arguments, DOKKU_ROOT="/home/dokku")
    assert done.returncode == 1
    assert "cache:help" in done.stderr


def test_without_dokkus_environment_it_says_so() -> None:
    done = run("report")
    assert done.returncode == 1
    assert done.stderr.startswith(" !     DOKKU_ROOT is not set\n")


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (errors.AppNotFound("x"), 20, "App x does not exist"),
        (errors.PartlyRemoved("half", "again"), 3, "half\n !     Again"),
        (Interrupted(), 1, "Interrupted"),
        (Interrupted("half", "again"), 3, "half"),
        (RuntimeError("oops"), 1, "oops"),
        (RuntimeError("can't start new thread"), 1, "ulimit"),
        (MemoryError(), 1, "free -m"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_each_error_has_its_text_and_code(
    raised: BaseException, code: int, said: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> int:
        raise raised

    monkeypatch.setattr(cli, "_run", fail)
    handlers = {number: signal.getsignal(number) for number in errors.SIGNALS}
    kept = os.dup(1)
    try:
        assert cli.main(["report"]) == code
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    shown = capfd.readouterr()
    assert said in shown.err
    assert "Traceback" not in shown.err
