"""The one way from bash into Python: ``python3 -I src <door> [<argument>...]``.

Isolated mode puts this directory, and nothing of the caller's, in front of ``sys.path``.
"""

import os
import signal
import sys

if sys.version_info < (3, 10):  # noqa: UP036 - an older one has to be told from a defect
    if sys.argv[1:2] in (["dokku-report"], ["low-disk"], ["post-deploy"]):
        sys.exit(0)  # these run inside other commands
    if os.environ.get("DOKKU_CACHE_TOLD"):
        sys.exit(1)  # by src/call
    sys.exit(" !     dokku-cache needs Python 3.10 or newer at /usr/bin/python3")

from dokku_cache import modules

sys.path[:] = modules.distribution_first(sys.path)
modules.own_distutils_first()
# Until the command itself listens: who gives up while it is loaded, long on a busy machine, is shown no traceback.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from dokku_cache.cli import main  # noqa: E402 - what it loads has to come from where it was tested

sys.exit(main(sys.argv[1:]))
