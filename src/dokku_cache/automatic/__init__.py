"""What happens by itself: the policy over many apps, the daily run, an upgrade, work that goes on detached. Never fails its caller."""
