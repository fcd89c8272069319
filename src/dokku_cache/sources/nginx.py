"""Paths of a cache in the nginx configuration of the host, which no container shows.

The configuration is searched as text, in linear time: anyone who may push can write an app's own nginx.conf.
"""

import glob
import os
import re
from collections.abc import Iterator

from dokku_cache.dokku import files
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.references import Reference
from dokku_cache.sources.collected import Found, Query

#: Of Debian's nginx, and of openresty on the host (0.38.27, plugins/nginx-vhosts/install).
MAIN = ("/etc/nginx/nginx.conf", "/usr/local/openresty/nginx/conf/nginx.conf")
#: Written for each app (0.38.27, plugins/nginx-vhosts).
_OF_APPS = ("*/nginx.conf", "*/nginx.conf.d/*.conf")
_INCLUDE = re.compile(r"""\binclude\s+["']?([^\s;"']+)""")
#: Lists of addresses may be this long.
_MAX_BYTES = 16 << 20


def add_nginx(query: Query, found: Found) -> None:
    """Add the files that contain the path of a cache or of its app directory. Without nginx there are none."""
    for file, app in _files(query.environment.root):
        try:
            text = files.read(file, files.MOST_BYTES if app else _MAX_BYTES)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            continue
        except OSError as error:
            reason = f"{file} cannot be read ({error.strerror})"
            found.unknown(Reference(ReasonCode.UNREADABLE, reason, _readable(file), app))
            continue
        hint = f"remove the path from {file} and reload nginx"
        code = ReasonCode.IN_NGINX_CONFIG
        for target in query.locations.in_text(text):
            found.use([target], Reference(code, f"{file} contains the path of {target.part.value}", hint, app))
        if query.locations.has_variable(text):
            reason = f"{file} contains a path in {query.environment.root} with a variable, which cannot be resolved"
            hint = f"write the path without a variable in {file}"
            found.unknown(Reference(ReasonCode.PATH_WITH_VARIABLE, reason, hint, app))


def _readable(file: str) -> str:
    """Give the command that lets user dokku read a file of the configuration."""
    directory = next((os.path.dirname(main) for main in MAIN if file.startswith(f"{os.path.dirname(main)}/")), file)
    return f"sudo chgrp -R dokku {directory} && sudo chmod -R g+rX {directory}"


def _files(root: str) -> Iterator[tuple[str, str]]:
    """Give each file with the app that it belongs to, or an empty text. What cannot be listed is given as a file.

    Files below the directory of nginx.conf count even if nothing includes them. An app's files are not followed.
    """
    apps = {file: os.path.relpath(file, root).split("/")[0] for part in _OF_APPS for file in _glob(root, part)}
    yield from apps.items()
    known = set(apps)
    for main in MAIN:
        base = os.path.dirname(main)
        waiting = [main, *(file for file in glob.iglob(f"{base}/**/*.conf", recursive=True))]
        while waiting:
            file = waiting.pop()
            if file in known:
                continue
            known.add(file)
            yield file, ""
            # Relative to the directory of nginx.conf in whatever file it is (nginx, ngx_conf_include).
            for pattern in _includes(file):
                path = os.path.join(base, pattern)
                directory = _unlisted_parent(path)
                waiting += [directory] if directory else glob.glob(path)


def _glob(root: str, pattern: str) -> list[str]:
    return glob.glob(os.path.join(glob.escape(root), pattern))


def _includes(file: str) -> list[str]:
    try:
        return [pattern for pattern in _INCLUDE.findall(files.read(file, _MAX_BYTES)) if "\0" not in pattern]
    except OSError:
        return []


def _unlisted_parent(pattern: str) -> str:
    """Give the directory of a pattern if it exists and cannot be listed, else an empty text."""
    directory = os.path.dirname(pattern)
    while glob.has_magic(directory):
        directory = os.path.dirname(directory)
    try:
        os.scandir(directory).close()
    except PermissionError:
        return directory
    except OSError:
        return ""
    return ""
