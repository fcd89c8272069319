"""Arguments in, exit code out: ``cli`` runs the action, a function of another module here."""
