"""Decisions as pure functions: what a cache is, and who may remove it. No I/O."""
