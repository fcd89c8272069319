"""Whether the daily prune of Docker's build cache, which Dokku installs, can work on this server.

Dokku 0.35.0 and later install a systemd timer where systemd runs, else a file for cron (plugins/builder/
install-builder-prune). Without ``-f`` the prune asks whether to go on; nobody answers, and nothing is freed: the
timer's service lacked it until 0.35.7, and cron's file lacks it still in 0.38.27.
"""

import os
import re
from dataclasses import dataclass

from dokku_cache.model.version import DokkuVersion

TIMER = "etc/systemd/system/docker-builder-prune.timer"
SERVICE = "etc/systemd/system/docker-builder-prune.service"
#: What `systemctl enable` makes.
ENABLED = "etc/systemd/system/timers.target.wants/docker-builder-prune.timer"
CRON_FILE = "etc/cron.d/docker-builder-prune"
#: There where systemd is the init system (sd_booted(3)).
SYSTEMD = "run/systemd/system"
FIRST_WITH_PRUNE = DokkuVersion(0, 35, 0)
_COMMAND = re.compile(r"^[^#\n]*\bbuilder prune\b(?P<options>.*)$", re.MULTILINE)
_FORCE = re.compile(r"(?<!\S)(-f|--force)(?!\S)")


@dataclass(frozen=True)
class DailyPrune:
    """Whether it can work, and why: a sentence without an end."""

    can_work: bool
    reason: str


def look(installed: DokkuVersion | None, root: str = "/") -> DailyPrune:
    """Look for what Dokku installed. ``installed`` is Dokku's version, ``root`` the server's root directory."""
    runs_systemd = os.path.isdir(os.path.join(root, SYSTEMD))
    has_timer = os.path.lexists(os.path.join(root, TIMER))
    if runs_systemd and has_timer:
        if not os.path.lexists(os.path.join(root, ENABLED)):
            return DailyPrune(can_work=False, reason="its systemd timer is not enabled")
        return _judge(os.path.join(root, SERVICE), "a systemd timer runs it", "its systemd service")
    if os.path.lexists(os.path.join(root, CRON_FILE)):
        return _judge(os.path.join(root, CRON_FILE), "cron runs it", "its cron file")
    if has_timer:
        return DailyPrune(can_work=False, reason="it needs a systemd timer, and systemd is not running")
    if installed is not None and installed < FIRST_WITH_PRUNE:
        return DailyPrune(can_work=False, reason=f"it needs Dokku {FIRST_WITH_PRUNE} or later, this is {installed}")
    return DailyPrune(can_work=False, reason="it is not installed")


def _judge(path: str, works: str, what: str) -> DailyPrune:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            commands = list(_COMMAND.finditer(file.read()))
    except OSError as error:
        return DailyPrune(can_work=False, reason=f"{what} cannot be read ({error.strerror})")
    if not commands:
        return DailyPrune(can_work=False, reason=f"{what} contains no prune command")
    if not all(_FORCE.search(command["options"]) for command in commands):
        return DailyPrune(can_work=False, reason=f"the prune command in {what} lacks -f")
    return DailyPrune(can_work=True, reason=works)
