"""Every kind of cache as one thing, and the inventory of a server. Changes nothing."""
