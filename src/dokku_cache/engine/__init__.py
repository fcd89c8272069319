"""The border to Docker: who uses a path, the helper container, and volumes."""
