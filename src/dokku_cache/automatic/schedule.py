"""Where the daily run is scheduled. ``src/schedule`` installs a systemd timer, or a cron file without systemd."""

import os
from dataclasses import dataclass
from datetime import datetime, timezone

from dokku_cache.dokku import daily_prune

TIMER = "dokku-cache.timer"
TIMER_FILE = f"etc/systemd/system/{TIMER}"
ENABLED = f"etc/systemd/system/timers.target.wants/{TIMER}"
CRON_FILE = "etc/cron.d/dokku-cache"


@dataclass(frozen=True)
class Schedule:
    """What starts the daily run, and ``since`` when it is installed; None where nothing starts it."""

    described: str
    since: datetime | None = None


def look(root: str = "/") -> Schedule:
    """Look for the job below the server's root directory."""
    if os.path.isdir(os.path.join(root, daily_prune.SYSTEMD)):
        file, by = TIMER_FILE, f"systemd timer {TIMER}"
        if os.path.lexists(os.path.join(root, file)) and not os.path.lexists(os.path.join(root, ENABLED)):
            return Schedule(f"not scheduled: {by} is not enabled; run 'sudo systemctl enable --now {TIMER}'")
    else:
        file, by = CRON_FILE, f"cron file /{CRON_FILE}"
    try:
        installed = os.stat(os.path.join(root, file)).st_mtime
    except OSError:
        return Schedule("not scheduled: run 'sudo dokku plugin:install'")
    return Schedule(by, datetime.fromtimestamp(installed, timezone.utc))
