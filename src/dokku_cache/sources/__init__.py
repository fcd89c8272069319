"""Facts about caches, collected from the file system, Dokku, Docker and nginx. Nothing is decided or changed."""
