"""Changes of the source, one at a time, that a test has to notice."""
