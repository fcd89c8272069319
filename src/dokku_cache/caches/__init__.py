"""The inventory of a server's build caches. Changes nothing."""
