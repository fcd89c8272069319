"""How caches, apps and servers are shown: tables, and values for programs. Decides nothing."""
