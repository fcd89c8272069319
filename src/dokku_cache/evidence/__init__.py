"""What proves that a directory is a dead build cache, and what speaks against it. Asks and removes nothing."""
