"""Removing caches, from the lock to the last check, and recording it. No other package removes anything."""
