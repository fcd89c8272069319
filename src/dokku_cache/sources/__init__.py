"""Facts from Docker, Dokku, nginx and the kernel: which of them refer to a cache, and which apps exist."""
