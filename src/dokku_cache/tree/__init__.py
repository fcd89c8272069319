"""Directory trees by open handles: their contents, sizes and mounts. Knows nothing about caches."""
