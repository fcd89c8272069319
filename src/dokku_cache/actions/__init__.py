"""One module for each subcommand and trigger. Only ``cli`` imports them."""
