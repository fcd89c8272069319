"""The border to Docker: who uses a path, how much it holds, and the helper container. Decides and prints nothing."""
