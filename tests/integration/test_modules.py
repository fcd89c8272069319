"""Packages that root installed with pip do not hide the distribution's packages."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .calling import SOURCE, environ
from .conftest import Server

#: PyPI's newest packages (tests/setup), or a copy that every user can read (tests/run).
NEWEST = Path(os.environ.get("NEWEST_PACKAGES", SOURCE.parent / ".venv/newest"))


def call(server: Server, packages: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the plugin in a mount namespace where ``packages`` contains the packages of pip."""
    version = subprocess.run(
        ["/usr/bin/python3", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    local = f"/usr/local/lib/python{version}/dist-packages"
    script = (
        f"mount -t tmpfs tmpfs /usr/local/lib && mkdir -p {local} && mount --bind {packages} {local} && "
        f"exec /usr/bin/python3 -I -B {SOURCE} " + " ".join(arguments)
    )
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script]
    return subprocess.run(command, env=environ(server), capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def by_pip(tmp_path: Path) -> Path:
    """The packages that `pip install requests` installs."""
    packages = tmp_path / "dist-packages"
    packages.mkdir()
    for package in ("requests", "urllib3", "idna", "certifi", "charset_normalizer"):
        subprocess.run(["cp", "-r", str(NEWEST / package), str(packages)], check=True)
    return packages


@pytest.fixture
def listing(server: Server) -> Server:
    """A server with one cache."""
    server.make_cache("shop")
    return server


def test_pips_requests_does_not_hide_the_distributions(listing: Server, by_pip: Path) -> None:
    done = call(listing, by_pip, "report", "shop", "--cache-volume-exists")
    assert (done.returncode, done.stdout, done.stderr) == (0, "false\n", "")


@pytest.mark.parametrize("package", ["docker", "yaml"])
def test_a_broken_package_of_pip_does_not_hide_the_distributions(
    listing: Server, tmp_path: Path, package: str
) -> None:
    packages = tmp_path / "dist-packages"
    (packages / package).mkdir(parents=True)
    (packages / package / "__init__.py").write_text("raise RuntimeError('of another major version')\n")
    done = call(listing, packages, "list", "--format", "yaml")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="the docker SDK of Debian 13 works with any requests")
def test_packages_that_hide_them_anyway_are_named(listing: Server, by_pip: Path) -> None:
    """A .pth file has loaded them before the plugin starts."""
    (by_pip / "early.pth").write_text("import requests, urllib3\n")
    done = call(listing, by_pip, "report", "shop", "--cache-volume-exists")
    assert done.returncode == 1
    assert "dist-packages/requests/__init__.py shadows the distribution's requests" in done.stderr
    assert "pip uninstall" in done.stderr
    assert "Docker did not respond" not in done.stderr.split(":")[0]
