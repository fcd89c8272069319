"""The border to Dokku: its environment, triggers, properties, version and locks. Decides and prints nothing."""
