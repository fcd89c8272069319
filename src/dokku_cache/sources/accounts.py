"""The accounts of this server. Only local files are read: a directory service that does not respond would block."""

import re
from functools import cache

from dokku_cache.model.finding import Accounts

PASSWD = "/etc/passwd"  # noqa: S105 - the path of a file
NSSWITCH = "/etc/nsswitch.conf"
#: Services of nsswitch.conf(5) that know only the accounts of this server.
_LOCAL_SERVICES = frozenset({"files", "systemd"})
_PASSWD_LINE = re.compile(r"^\s*passwd:([^#\n]*)", re.MULTILINE)


@cache
def read(system_user: str, passwd: str = PASSWD, nsswitch: str = NSSWITCH) -> Accounts:
    """Read them. ``system_user`` is Dokku's own, usually ``dokku``. Files that cannot be read are incomplete."""
    names: dict[int, str] = {}
    try:
        with open(passwd, encoding="utf-8", errors="replace") as file:
            for line in file:
                fields = line.split(":")
                if len(fields) > 2 and fields[2].isascii() and fields[2].isdigit():  # noqa: PLR2004 - passwd(5)
                    names.setdefault(int(fields[2]), fields[0])
    except OSError:
        return Accounts(are_complete=False)
    dokku = next((uid for uid, name in names.items() if name == system_user), -1)
    return Accounts(names, dokku, _has_local_services_only(nsswitch))


def _has_local_services_only(nsswitch: str) -> bool:
    try:
        with open(nsswitch, encoding="utf-8", errors="replace") as file:
            found = _PASSWD_LINE.search(file.read())
    except FileNotFoundError:
        return True  # the default is "files" (nsswitch.conf(5))
    except OSError:
        return False
    services = re.sub(r"\[[^\]]*\]", " ", found[1]).split() if found else ["files"]
    return all(service in _LOCAL_SERVICES for service in services)
