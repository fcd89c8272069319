"""The engine that the tests, the demo and the benchmark start for themselves."""

import subprocess
import tempfile

from .conftest import ENGINE


def test_an_engine_that_runs_here_already_keeps_its_network_its_rules_and_its_containers() -> None:
    with tempfile.TemporaryDirectory(prefix="dokku-cache-beside-", dir="/var/tmp") as directory:
        done = subprocess.run([ENGINE / "beside", directory], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("Nothing of the other engine has changed\n")
