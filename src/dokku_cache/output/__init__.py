"""Writing to the console and the log; no other package does. Decides nothing."""
