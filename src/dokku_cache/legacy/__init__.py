"""The core: what may be deleted, and deleting it. Knows no Docker, no Dokku, and prints nothing."""
