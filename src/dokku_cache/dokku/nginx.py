"""Whether nginx of the host, which no container shows, is told to keep something in a legacy cache.

Its configuration is what ``/etc/nginx/nginx.conf`` includes, the files that Dokku writes for each app among it
(``<root>/<app>/nginx.conf`` and ``nginx.conf.d/*.conf``; 0.38.27, plugins/nginx-vhosts), and these in any case.
What this user may not read tells nothing.
"""

import glob
import os
import re
from collections.abc import Iterator, Sequence

from dokku_cache.dokku import files
from dokku_cache.evidence.by_app import Claim, Usages
from dokku_cache.evidence.paths import CachePaths
from dokku_cache.legacy.proof import Usage
from dokku_cache.model.reason_code import ReasonCode

#: Of Debian's nginx, and of openresty where that runs on the host (plugins/nginx-vhosts/install).
MAIN = ("/etc/nginx/nginx.conf", "/usr/local/openresty/nginx/conf/nginx.conf")
#: Of every app, wherever it is included from; a file that includes itself ends nothing.
_OF_APPS = ("*/nginx.conf", "*/nginx.conf.d/*.conf")
#: In quotes nothing begins a comment, and elsewhere only what begins a word does (ngx_conf_read_token).
_COMMENT = re.compile(
    r"""(?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?:^|(?<=[\s;{}]))#[^\n]*""", re.MULTILINE | re.DOTALL
)
_INCLUDE = re.compile(r"""(?:^|[\s;{}])include\s+["']?([^\s;"']+)["']?\s*;""")
#: A path stands alone, in quotes, or behind a key: ``temp_path=/x``, ``syslog:/x`` (ngx_http_core_module).
_PATH = re.compile(r"""(?<![A-Za-z0-9_.$/*~^)-])(/[^\s;"'{}$]+)""")
#: One that goes on with a variable: ``root /home/dokku/$host/public``.
_VARIABLE_PATH = re.compile(r"""(?<![A-Za-z0-9_.$/*~^)-])(/[^\s;"'{}$]*)\$""")


def add(usages: Usages, paths: CachePaths, root: str, mains: Sequence[str] = MAIN) -> None:
    """Find the files that name a cache. ``root`` is Dokku's."""
    for file, text in _files(root, mains):
        for path in dict.fromkeys(_PATH.findall(text)):
            remedy = f"take it out of {file} and reload nginx"
            claim = Claim(f"nginx is told of {{}} in {file}: {path}", ReasonCode.IN_NGINX_CONFIG, remedy)
            usages.add(paths.meant_by(path), claim)
        for path in dict.fromkeys(_VARIABLE_PATH.findall(text)):
            if paths.is_above_all(path):
                unknown = f"nginx is told of a place that only a request tells in {file}: {path}$..."
                remedies, codes = (f"write the path out in {file}",), (ReasonCode.PATH_WITH_VARIABLE,)
                usages.add_unknown("", Usage(unknown=(unknown,), remedies=remedies, unknown_codes=codes))


def _files(root: str, mains: Sequence[str]) -> Iterator[tuple[str, str]]:
    of_apps = [path for pattern in _OF_APPS for path in _glob(os.path.join(glob.escape(root), pattern))]
    waiting = [(main, os.path.dirname(main)) for main in mains] + [
        (path, os.path.dirname(mains[0])) for path in of_apps
    ]
    seen: set[str] = set()
    while waiting:
        file, base = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        text = _read(file)
        yield file, text
        # Relative to the main file's directory, in whatever file it stands (ngx_conf_include).
        for pattern in _INCLUDE.findall(text):
            waiting += [(included, base) for included in _glob(os.path.join(base, pattern))]


def _read(file: str) -> str:
    try:
        text = files.read(file).replace("\0", "")
    except OSError:
        return ""
    return _COMMENT.sub(lambda match: match["quoted"] or "", text)


def _glob(pattern: str) -> list[str]:
    try:
        return glob.glob(pattern)
    except (ValueError, OSError):
        return []  # no file can have such a name
