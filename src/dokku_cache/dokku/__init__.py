"""Dokku's environment, apps, triggers, properties and locks, and the files that the plugin keeps there."""
