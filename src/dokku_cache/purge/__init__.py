"""Removing caches, from the lock to the last check, and recording it. ``actions`` also prunes Docker's own cache."""
