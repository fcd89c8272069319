"""Starting work that continues after a deploy has ended."""

import os
import subprocess
import sys
from pathlib import Path

from dokku_cache.dokku.environment import DokkuEnvironment
from dokku_cache.output import log

#: The lowest priority; with ``-t``, ionice continues where the kernel or a container forbids it.
_GENTLY = ["nice", "-n", "19", "ionice", "-c", "3", "-t"]


def start(environment: DokkuEnvironment, *arguments: str, is_gentle: bool = True) -> "subprocess.Popen[bytes]":
    """Start another call of the plugin in a session of its own, and do not wait for it.

    ``is_gentle``: with the lowest priority. It inherits no descriptor: a deploy's caller would wait for its output,
    and Dokku's deploy lock on descriptor 200 would stay held (0.38.27, plugins/common/functions).
    Raises OSError.
    """
    source = str(Path(os.path.abspath(__file__)).parents[2])
    output = log.open_log(environment.logs_dir)
    try:
        return subprocess.Popen(
            [*(_GENTLY if is_gentle else ()), sys.executable, "-I", source, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            close_fds=True,
            start_new_session=True,
            cwd="/",
        )
    finally:
        os.close(output)
