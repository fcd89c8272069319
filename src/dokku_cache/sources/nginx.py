"""Paths of a cache in the nginx configuration of the host.

It is searched as text in linear time, because anyone with push access can write an app's own nginx.conf.
"""

import glob
import os
import re

from dokku_cache.dokku import files
from dokku_cache.model.location import Reference
from dokku_cache.model.state import ReasonCode
from dokku_cache.sources.locations import Found, Query

#: Debian's nginx, and openresty on the host (0.38.27, plugins/nginx-vhosts/install).
MAIN = ("/etc/nginx/nginx.conf", "/usr/local/openresty/nginx/conf/nginx.conf")
#: Written for each app (0.38.27, plugins/nginx-vhosts).
_OF_APPS = ("*/nginx.conf", "*/nginx.conf.d/*.conf")
_INCLUDE = re.compile(r"""\binclude\s+["']?([^\s;"']+)""")
#: Lists of addresses may be this long.
_MAX_BYTES = 16 << 20


def add_nginx(query: Query, found: Found) -> None:
    """Add the files that contain the path of a cache or of its app directory.

    Files below the directory of nginx.conf count even if nothing includes them. Includes of apps are not followed.
    """
    root = query.environment.root
    known = {file for part in _OF_APPS for file in glob.glob(os.path.join(glob.escape(root), part))}
    for file in known:
        _search(query, found, file, app=os.path.relpath(file, root).split("/")[0])
    for main in MAIN:
        base = os.path.dirname(main)
        waiting = [main, *glob.iglob(f"{base}/**/*.conf", recursive=True)]
        while waiting:
            file = waiting.pop()
            if file not in known:
                known.add(file)
                # Always relative to the directory of nginx.conf (nginx, ngx_conf_include).
                for pattern in _INCLUDE.findall(_search(query, found, file)):
                    path = os.path.join(base, pattern.replace("\0", ""))
                    directory = _unlisted_parent(path)
                    waiting += [directory] if directory else glob.glob(path)


def _search(query: Query, found: Found, file: str, app: str = "") -> str:
    """Search one file of nginx, or of an app, and return its text."""
    try:
        text = files.read(file, files.MAX_BYTES if app else _MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return ""
    except OSError as error:
        directory = next((path for path in map(os.path.dirname, MAIN) if file.startswith(f"{path}/")), file)
        hint = f"sudo chgrp -R dokku {directory} && sudo chmod -R g+rX {directory}"
        hint = hint if isinstance(error, PermissionError) else f"check {file}"
        found.unknown(Reference(ReasonCode.UNREADABLE, f"{file} cannot be read ({error.strerror})", hint, app))
        return ""
    hint = f"remove the path from {file} and reload nginx"
    for target in query.locations.in_text(text):
        sentence = f"{file} refers to {target.part.value}"
        found.use([target], Reference(ReasonCode.IN_NGINX_CONFIG, sentence, hint, app))
    if query.locations.has_variable(text):
        reason = f"{file} contains a path in {query.environment.root} with a variable, which cannot be resolved"
        hint = f"write the path without a variable in {file}"
        found.unknown(Reference(ReasonCode.PATH_WITH_VARIABLE, reason, hint, app))
    return text


def _unlisted_parent(pattern: str) -> str:
    """Return the directory of a pattern if it exists and cannot be listed, else an empty text."""
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
