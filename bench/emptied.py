"""Empties one directory through the helper container, as a purge does after measuring it; gently, if told so."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src"))

from dokku_cache.engine.client import Engine
from dokku_cache.engine.helper import Helper
from dokku_cache.tree.handles import Identity
from dokku_cache.tree.program import ignore

top = os.path.realpath(sys.argv[1])
root = os.path.dirname(top)
helper = Helper(Engine(os.environ["DOCKER_HOST"]), "bench", root, root, is_gentle=sys.argv[2:] == ["gently"])
helper.delete(top, Identity.of(os.stat(top)), ignore)
