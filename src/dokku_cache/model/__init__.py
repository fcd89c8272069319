"""Values that describe caches, facts about them, and decisions. No I/O."""
