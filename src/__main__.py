"""The entry point from bash into Python: ``python3 -I src <action> [<argument>...]``.

Isolated mode puts this directory, and nothing of the caller's, in front of ``sys.path``.
"""

import os
import signal
import sys

if sys.version_info < (3, 10):  # noqa: UP036 - an older version is not a defect
    if sys.argv[1:2] in (["dokku-report"], ["low-disk"], ["post-deploy"]):
        sys.exit(0)  # these run inside other commands
    if os.environ.get("DOKKU_CACHE_TOLD"):
        sys.exit(1)  # by src/call
    sys.exit(" !     dokku-cache needs Python 3.10 or newer at /usr/bin/python3")

if sys.argv[1:3] == ["low-disk", "pre-receive-app"]:
    # Every deploy waits for this: usually it ends here, with few imports.
    from dokku_cache.actions import free_space

    if free_space.was_and_is_enough_free(os.environ):
        sys.exit(0)

from dokku_cache import modules

sys.path[:] = modules.distribution_first(sys.path)
modules.own_distutils_first()
# Ctrl-C shows no traceback while the command is being loaded, which takes long on a busy machine.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from dokku_cache.actions.cli import main  # noqa: E402 - loads the distribution's modules

sys.exit(main(sys.argv[1:]))
