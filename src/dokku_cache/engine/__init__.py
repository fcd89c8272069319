"""Docker: the connection, the helper container, volumes and the build cache. Decides and prints nothing."""
