"""Dokku's environment, apps, triggers, properties, version and locks. Decides and prints nothing."""
