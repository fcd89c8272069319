"""The core: legacy caches, their states, the plan, removing. Knows no Docker, no Dokku, and prints nothing."""
