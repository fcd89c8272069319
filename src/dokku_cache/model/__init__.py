"""Values that describe caches, facts about them, and decisions. Errors with their exit codes."""
