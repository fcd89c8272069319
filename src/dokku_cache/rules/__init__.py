"""Decisions as pure functions: the state of a cache, and which requests may remove it. No I/O."""
