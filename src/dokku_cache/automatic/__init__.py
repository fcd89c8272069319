"""Automatic removal: the policy for all apps, the daily run, upgrades, low disk space, background work."""
