"""Measures one directory as the plugin does, and prints allocated bytes, entries, and its own memory at the most.

Memory in kilobytes: of this process, and of the biggest one that it started (getrusage(2)).
"""

import os
import resource
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "src"))

from dokku_cache.legacy.walk import measure

result = measure(os.open(sys.argv[1], os.O_RDONLY))
peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(result.size_bytes, result.entries, *peaks)
