"""Cache volumes: which volumes those are, of which app, and the facts about them. Changes nothing."""
