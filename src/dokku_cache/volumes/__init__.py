"""Find cache volumes, their apps, and the facts that classify them. Changes nothing."""
