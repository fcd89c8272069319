"""Whether Dokku lets its cron call the daily run."""

import glob
import os
from collections.abc import Mapping

from dokku_cache.dokku import plugn
from dokku_cache.errors import Unestablished

#: The command of our line in user dokku's crontab.
COMMAND = ("cache:auto-purge", "--daily")
#: How Dokku's permission check knows who calls from cron (0.38.27, plugins/common/functions: dokku_auth).
CRON_USER, CRON_NAME = "dokku", "default"
#: Dokku's own part in that check only takes notes.
_TAKES_NOTES = "20_events"


def denied(environ: Mapping[str, str]) -> str:
    """Tell why Dokku's permission check denies the daily run, in its own words; an empty text where it does not.

    Plugins with trigger ``user-auth`` decide; dokku-acl lets the user of cron run what its lists allow alone.
    """
    checks = glob.glob(os.path.join(glob.escape(environ.get("PLUGIN_PATH", "")), "enabled", "*", "user-auth"))
    if not [check for check in checks if os.path.basename(os.path.dirname(check)) != _TAKES_NOTES]:
        return ""
    as_cron = {**environ, "SSH_USER": CRON_USER, "SSH_NAME": CRON_NAME}
    try:
        plugn.trigger("user-auth", CRON_USER, CRON_NAME, *COMMAND, cwd="/", environ=as_cron)
    except Unestablished as error:
        return str(error)
    return ""


def remedy(environ: Mapping[str, str]) -> str:
    """Say what to do where the daily run is denied."""
    return (
        f"allow {COMMAND[0]} to user {CRON_NAME!r} in that plugin, or let root run it, who is asked for nothing: as "
        f"/etc/cron.d/dokku-cache, '30 3 * * * root PATH={environ.get('PATH', '')} dokku {' '.join(COMMAND)}'"
    )
