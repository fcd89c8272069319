"""One file for each subcommand and trigger, which reads as its own summary. Nobody imports it but cli."""
