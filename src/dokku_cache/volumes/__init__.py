"""The Docker volumes in which builds keep their caches: which they are, whose, and their state. Changes nothing."""
