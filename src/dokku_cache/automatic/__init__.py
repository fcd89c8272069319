"""What happens by itself: the policy over many apps, the daily run, an upgrade, detached work. Fails no caller."""
