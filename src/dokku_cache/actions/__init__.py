"""One file for each subcommand and trigger; each reads as its own summary."""
