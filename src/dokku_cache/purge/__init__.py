"""One purge, from the lock to the last look, and its record. Nothing is removed by any other way."""
