"""How caches, apps and servers are shown: tables, and values for programs. Knows what it is given, and asks for nothing else."""
