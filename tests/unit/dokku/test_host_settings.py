"""Dokku's skip-cleanup and daily prune, and pack's keys."""

from pathlib import Path

import pytest

from dokku_cache.dokku import host_settings
from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.model.finding import DokkuVersion

NEW, OLD = DokkuVersion(0, 38, 27), DokkuVersion(0, 34, 9)
SERVICE = "[Service]\nType=oneshot\nUser=dokku\nExecStart=/usr/bin/docker builder prune{}\n"
CRON = "PATH=/usr/local/bin\n\n5 4 * * * dokku docker builder prune{} >>/var/log/dokku/builder-prune.log 2>&1\n"
IMAGE = "index.docker.io/dokku/shop:latest"


def write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def install_timer(root: Path, options: str) -> None:
    for file, content in (("TIMER", ""), ("ENABLED", ""), ("SERVICE", SERVICE.format(options))):
        write(root / getattr(host_settings, f"PRUNE_{file}"), content)
    (root / host_settings.SYSTEMD).mkdir(parents=True)


@pytest.mark.parametrize("options", ["", " --filter until=24h", " --no-force", " -f", " --all --force"])
@pytest.mark.parametrize("has_systemd", [True, False])
def test_the_daily_prune_works_only_with_force(tmp_path: Path, options: str, *, has_systemd: bool) -> None:
    """Dokku 0.35.0 to 0.35.6 installed a service without it (dokku/dokku#7283)."""
    if has_systemd:
        install_timer(tmp_path, options)
    else:
        write(tmp_path / host_settings.PRUNE_CRON_FILE, CRON.format(options))
    found = host_settings.daily_prune(NEW, str(tmp_path))
    assert found.can_work is ("-f" in options.replace("--force", "-f").split())
    assert found.can_work or "lacks -f" in found.reason


def test_a_timer_works_only_if_enabled_and_with_systemd(tmp_path: Path) -> None:
    install_timer(tmp_path, " -f")
    (tmp_path / host_settings.PRUNE_ENABLED).unlink()
    assert "not enabled" in host_settings.daily_prune(NEW, str(tmp_path)).reason
    (tmp_path / host_settings.SYSTEMD).rmdir()
    assert "systemd is not running" in host_settings.daily_prune(NEW, str(tmp_path)).reason


def test_a_cron_file_works_only_if_readable_and_with_a_command(tmp_path: Path) -> None:
    cron_file = tmp_path / host_settings.PRUNE_CRON_FILE
    write(cron_file, "#" + CRON.format(" -f").splitlines()[-1])
    assert "contains no prune command" in host_settings.daily_prune(NEW, str(tmp_path)).reason
    cron_file.unlink()
    cron_file.mkdir()
    assert "cannot be read" in host_settings.daily_prune(NEW, str(tmp_path)).reason


@pytest.mark.parametrize(
    ("version", "reason"), [(OLD, "needs Dokku 0.35.0"), (NEW, "is not installed"), (None, "is not installed")]
)
def test_without_a_job_there_is_no_daily_prune(tmp_path: Path, version: DokkuVersion | None, reason: str) -> None:
    found = host_settings.daily_prune(version, str(tmp_path))
    assert not found.can_work
    assert reason in found.reason


def test_packs_key_is_found_by_the_full_name_of_the_image(environment: DokkuEnvironment, tmp_path: Path) -> None:
    text = f'[volume-keys]\n  "{IMAGE}" = "abc"\n  "index.docker.io/x:y" = "d"\n'
    assert host_settings.pack_keys(environment, {}).of(IMAGE) == ""
    write(Path(environment.root, ".pack/volume-keys.toml"), text)
    write(tmp_path / "pack/volume-keys.toml", f'"{IMAGE}" = "other"\n')
    keys = host_settings.pack_keys(environment, {})
    assert (keys.of(IMAGE), keys.of("index.docker.io/dokku/other:latest")) == ("abc", "")
    assert host_settings.pack_keys(environment, {"PACK_HOME": str(tmp_path / "pack")}).of(IMAGE) == "other"
    assert host_settings.pack_keys(environment, {"PACK_VOLUME_KEY": "all"}).of(IMAGE) == "all"


@pytest.mark.parametrize(
    "content", ["\0\0", f'"{IMAGE}" = abc', f'"{IMAGE}" = "a" = "b"', f'[volume-keys]\n  "{IMAGE}" = "a']
)
def test_pack_keys_in_another_form_cannot_be_read(environment: DokkuEnvironment, content: str) -> None:
    file = Path(environment.root, ".pack/volume-keys.toml")
    write(file, content)
    assert str(file) in host_settings.pack_keys(environment, {}).fault
    assert not host_settings.pack_keys(environment, {"PACK_VOLUME_KEY": "all"}).fault
    write(file, "[volume-keys]\n")
    assert not host_settings.pack_keys(environment, {}).fault


def test_an_unreadable_file_of_pack_keys_is_a_fault_and_a_missing_one_is_none(environment: DokkuEnvironment) -> None:
    assert not host_settings.pack_keys(environment, {}).fault
    Path(environment.root, ".pack/volume-keys.toml").mkdir(parents=True)
    assert host_settings.pack_keys(environment, {}).fault


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("lib/config/builder/shop/skip-cleanup", "true"),
        ("lib/config/builder/--global/skip-cleanup", "true\n"),
        ("lib/config/shop/ENV", 'A="1"\nDOKKU_SKIP_CLEANUP="true"\n'),
        ("home/shop/ENV", "export DOKKU_SKIP_CLEANUP='true'\n"),
        ("home/ENV", "export DOKKU_SKIP_CLEANUP=true\n"),
    ],
)
def test_skip_cleanup_is_read_in_each_place(
    environment: DokkuEnvironment, tmp_path: Path, place: str, text: str
) -> None:
    assert not host_settings.skips_cleanup(environment, "shop", {})
    write(tmp_path / place, text)
    assert host_settings.skips_cleanup(environment, "shop", {})
    write(tmp_path / place, text.replace("true", "false"))
    assert not host_settings.skips_cleanup(environment, "shop", {})
    assert host_settings.skips_cleanup(environment, "shop", {"DOKKU_SKIP_CLEANUP": "true"})
