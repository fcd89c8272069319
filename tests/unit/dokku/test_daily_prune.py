"""Whether Dokku's daily prune can work, told from what it installed."""

from pathlib import Path

import pytest

from dokku_cache.dokku import host_settings
from dokku_cache.model.finding import DokkuVersion

NEW, OLD = DokkuVersion(0, 38, 27), DokkuVersion(0, 34, 9)
SERVICE = "[Service]\nType=oneshot\nUser=dokku\nExecStart=/usr/bin/docker builder prune{}\n"
CRON = "PATH=/usr/local/bin\n\n5 4 * * * dokku docker builder prune{} >>/var/log/dokku/builder-prune.log 2>&1\n"


def install(root: Path, **files: str) -> None:
    for name, content in files.items():
        path = root / getattr(host_settings, f"PRUNE_{name}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def boot_systemd(root: Path) -> None:
    (root / host_settings.SYSTEMD).mkdir(parents=True)


def test_a_timer_that_is_enabled_works(tmp_path: Path) -> None:
    boot_systemd(tmp_path)
    install(tmp_path, TIMER="", SERVICE=SERVICE.format(" -f"), ENABLED="")
    assert host_settings.daily_prune(NEW, str(tmp_path)) == host_settings.DailyPrune(
        can_work=True, reason="a systemd timer runs it"
    )


@pytest.mark.parametrize("options", ["", " --filter until=24h", " --no-force"])
def test_a_service_without_force_frees_nothing(tmp_path: Path, options: str) -> None:
    """As Dokku 0.35.0 to 0.35.6 installed it (dokku/dokku#7283)."""
    boot_systemd(tmp_path)
    install(tmp_path, TIMER="", SERVICE=SERVICE.format(options), ENABLED="")
    found = host_settings.daily_prune(NEW, str(tmp_path))
    assert not found.can_work
    assert "lacks -f" in found.reason


def test_a_timer_is_worth_nothing_when_disabled_or_without_systemd(tmp_path: Path) -> None:
    install(tmp_path, TIMER="", SERVICE=SERVICE.format(" -f"), ENABLED="")
    assert "systemd is not running" in host_settings.daily_prune(NEW, str(tmp_path)).reason
    boot_systemd(tmp_path)
    (tmp_path / host_settings.PRUNE_ENABLED).unlink()
    assert "not enabled" in host_settings.daily_prune(NEW, str(tmp_path)).reason


def test_crons_file_asks_a_question_that_nobody_answers(tmp_path: Path) -> None:
    install(tmp_path, CRON_FILE=CRON.format(""))
    found = host_settings.daily_prune(NEW, str(tmp_path))
    assert not found.can_work
    assert "lacks -f" in found.reason


@pytest.mark.parametrize("options", [" -f", " --force", " --all --force"])
def test_crons_file_with_force_works(tmp_path: Path, options: str) -> None:
    install(tmp_path, CRON_FILE=CRON.format(options))
    assert host_settings.daily_prune(NEW, str(tmp_path)).can_work


def test_a_line_that_is_commented_out_does_not_prune(tmp_path: Path) -> None:
    install(tmp_path, CRON_FILE="#" + CRON.format(" -f").splitlines()[-1])
    assert "contains no prune command" in host_settings.daily_prune(NEW, str(tmp_path)).reason


def test_without_any_the_version_tells_why(tmp_path: Path) -> None:
    assert "needs Dokku 0.35.0" in host_settings.daily_prune(OLD, str(tmp_path)).reason
    assert host_settings.daily_prune(NEW, str(tmp_path)).reason == "it is not installed"
    assert host_settings.daily_prune(None, str(tmp_path)).reason == "it is not installed"


def test_a_file_that_cannot_be_read_is_no_sign_that_it_works(tmp_path: Path) -> None:
    (tmp_path / host_settings.PRUNE_CRON_FILE).mkdir(parents=True)
    assert "cannot be read" in host_settings.daily_prune(NEW, str(tmp_path)).reason
