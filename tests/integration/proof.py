"""The long form of the proofs, which `make proof` runs, beside the short one of `make test`."""

import os
from collections import Counter

IS_LONG = os.environ.get("PROOF") == "long"
#: What was done, for the summary.
DONE: Counter[str] = Counter()
