"""The job of the daily run, for systemd and for cron."""

import os
import subprocess
from pathlib import Path

import pytest

from dokku_cache.dokku import daily_run

SCHEDULE = Path(__file__).parents[3] / "src/schedule"


@pytest.fixture(params=["systemd", "cron"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A server's root directory, and a command ``dokku`` in the PATH."""
    dokku = tmp_path / "bin/dokku"
    dokku.parent.mkdir()
    dokku.write_text("#!/bin/sh\n")
    dokku.chmod(0o755)
    if request.param == "systemd":
        if subprocess.run(["which", "systemd-analyze"], capture_output=True, check=False).returncode:
            pytest.skip("it needs systemd's programs")
        (tmp_path / "run/systemd/system").mkdir(parents=True)
    return tmp_path


def call(root: Path, command: str) -> None:
    environ = {
        "DOKKU_CACHE_SYSTEM_ROOT": str(root),
        "DOKKU_SYSTEM_USER": "root",
        "PLUGIN_PATH": "/var/lib/dokku/plugins",
        "PATH": f"{root}/bin:{os.environ['PATH']}",
    }
    done = subprocess.run([SCHEDULE, command], env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in (root / "etc").rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("root", ["systemd"], indirect=True)
def test_a_timer_that_was_disabled_or_masked_stays_so(root: Path) -> None:
    call(root, "install")
    (root / daily_run.ENABLED).unlink()
    call(root, "install")
    assert "is not enabled" in daily_run.schedule(str(root)).described
    timer = root / daily_run.TIMER_FILE
    timer.unlink()
    timer.symlink_to("/dev/null")
    call(root, "install")
    assert timer.is_symlink()
    assert daily_run.schedule(str(root)).since is None


def test_the_cron_file_is_replaced_by_the_timer_and_back(root: Path) -> None:
    call(root, "install")
    before = files(root)
    marker = root / "run/systemd/system"
    if marker.exists():
        marker.rmdir()
    elif subprocess.run(["which", "systemctl"], capture_output=True, check=False).returncode:
        pytest.skip("it needs systemd's programs")
    else:
        marker.mkdir(parents=True)
    call(root, "install")
    assert files(root)
    assert not files(root) & before
