"""Directories by open handles: what lies in them, how much, what is mounted. Knows no cache, removes nothing."""
