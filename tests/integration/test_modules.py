"""What root once installed with pip does not come between the plugin and the distribution's modules."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .calling import SOURCE, environ, list_apps
from .conftest import Server

#: requests and urllib3 as PyPI has them, with which Debian's docker SDK 5 does not work.
#: Where tests/setup brings PyPI's newest packages, or tests/run has a copy of them that all can read.
NEWEST = Path(os.environ.get("NEWEST_PACKAGES", SOURCE.parent / ".venv/newest"))


def call(server: Server, beside: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the plugin as a door does, where ``beside`` is all that pip ever brought; nobody else sees that."""
    version = subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    local = f"/usr/local/lib/python{version}/dist-packages"
    script = (
        f"mount -t tmpfs tmpfs /usr/local/lib && mkdir -p {local} && mount --bind {beside} {local} && "
        f"exec /usr/bin/python3 -I -B {SOURCE} " + " ".join(arguments)
    )
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    return subprocess.run(command, env=environ(server), capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def by_pip(tmp_path: Path) -> Path:
    """What `pip install requests` leaves."""
    beside = tmp_path / "dist-packages"
    beside.mkdir()
    for package in ("requests", "urllib3", "idna", "certifi", "charset_normalizer"):
        subprocess.run(["cp", "-r", str(NEWEST / package), str(beside)], check=True)
    return beside


@pytest.fixture
def listing(server: Server) -> Server:
    """A server of which the apps are not asked for: one cache, and a trigger that names its app."""
    server.make_cache("shop")
    list_apps(server, "shop")
    return server


def test_pips_requests_does_not_hide_the_distributions(listing: Server, by_pip: Path) -> None:
    done = call(listing, by_pip, "report", "shop", "--cache-volume-exists")
    assert (done.returncode, done.stdout, done.stderr) == (0, "false\n", "")


@pytest.mark.parametrize("package", ["docker", "yaml", "rich"])
def test_a_broken_package_of_pip_does_not_hide_the_distributions(
    listing: Server, tmp_path: Path, package: str
) -> None:
    beside = tmp_path / "dist-packages"
    (beside / package).mkdir(parents=True)
    (beside / package / "__init__.py").write_text("raise RuntimeError('of another major version')\n")
    done = call(listing, beside, "list", "--format", "stdout" if package == "rich" else "yaml")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the docker SDK of Debian 13 works with any requests")
def test_modules_that_hide_them_all_the_same_are_named(listing: Server, by_pip: Path) -> None:
    """As where somebody's .pth file has loaded them before the plugin starts."""
    (by_pip / "early.pth").write_text("import requests, urllib3\n")
    done = call(listing, by_pip, "report", "shop", "--cache-volume-exists")
    assert done.returncode == 1
    assert "dist-packages/requests/__init__.py shadows the distribution's requests" in done.stderr
    assert "pip uninstall" in done.stderr
    assert "Docker did not respond" not in done.stderr.split(":")[0]
