"""The border to Dokku: its environment, triggers, properties, stores, version and locks. Decides and prints nothing."""
