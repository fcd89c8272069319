"""Measures one directory as the plugin does, and prints allocated bytes and entries."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src"))

from dokku_cache.tree import program

result = program.scan(os.open(sys.argv[1], os.O_RDONLY), program.ignore)
print(result.size_bytes, result.entries)
