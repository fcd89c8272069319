"""The core: legacy caches, their states, the plan, and removing what the plan gives. Knows no Docker, no Dokku, and prints nothing."""
