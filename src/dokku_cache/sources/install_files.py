"""What Dokku's ``plugin:install`` writes into every directory below its root, other people's too.

It sets up the domains of whatever it lists (0.27.0 to 0.38.27, plugins/domains/install and functions:
domains_setup): a file ``VHOST`` with the app's place below each global domain, or, where there is none,
``NO_VHOST=1`` in a file ``ENV``. Up to 0.37.10 it gives each a restart policy in ``DOCKER_OPTIONS_DEPLOY``
(plugins/ps/install). So these tell nothing of an app, as long as nothing else is in them.
"""

import os
import re
import stat

_VARIABLE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=", re.MULTILINE)
#: More than this Dokku does not write there by itself.
_MOST_BYTES = 4096


def is_by_install(directory_fd: int, app: str, name: str) -> bool:
    """Tell whether a file in an app's directory is but what `plugin:install` writes there. Follows no link."""
    if name == "VHOST":
        content = _read(directory_fd, name)
        return content is not None and all(line == app or line.startswith(f"{app}.") for line in content.split())
    if name == "ENV":
        content = _read(directory_fd, name)
        return content is not None and is_environment_by_install(content)
    if name == "DOCKER_OPTIONS_DEPLOY":
        content = _read(directory_fd, name)
        return content is not None and are_options_by_install(content)
    return False


def are_options_by_install(content: str) -> bool:
    """Tell whether docker options are but the restart policy that `plugin:install` gives."""
    return set(content.split("\n")) <= {"", "--restart=on-failure:10"}


def is_environment_by_install(content: str) -> bool:
    """Tell whether an environment holds nothing but what `plugin:install` puts into it."""
    return set(_VARIABLE.findall(content)) <= {"NO_VHOST"}


def _read(directory_fd: int, name: str) -> str | None:
    """Give what is in a small plain file, or None."""
    try:
        handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=directory_fd)
    except OSError:
        return None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_BYTES:
            return None
        return os.read(handle, _MOST_BYTES).decode(errors="replace")
    except OSError:
        return None
    finally:
        os.close(handle)
