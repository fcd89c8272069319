"""The Docker volumes in which builds keep their caches: which, whose, and their state. Changes nothing."""
