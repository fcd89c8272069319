"""Directories by open handles: what lies in one, how much it holds, what is mounted. Knows no cache, and removes nothing."""
