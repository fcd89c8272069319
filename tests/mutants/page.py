"""`python -m mutants.page RESULTS COMMIT`: writes docs/mutants.md from what became of the mutants."""

import json
import sys
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

from .known import HARMLESS
from .modules import MODULES
from .mutations import mutants_of

PROJECT = Path(__file__).parents[2]
PAGE, SOURCE = PROJECT / "docs/mutants.md", PROJECT / "src/dokku_cache"
_HEAD = """# Mutants

Does a test notice when what decides and deletes is changed? `make mutants` changes one place after the other (a
comparison turned round, a flag, a check, a handler of errors or an argument left out), and runs the unit tests that
call the function in question. Made by `tests/mutants/run`, module by module, last on {day} at commit {commit}. Tests
with an engine and other users (`tests/integration`) are not run for it: some of what survives here is killed by them.

| module | mutants | killed | survived | in code that no unit test calls |
|---|---|---|---|---|
"""


def has_mutants(module: str) -> bool:
    """Tell whether there is something in a module that can be changed."""
    return bool(mutants_of(module, (SOURCE / f"{module.replace('.', '/')}.py").read_text()))


def main() -> None:
    """Write the page."""
    results = [json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()]
    results.sort(key=lambda result: (MODULES.index(result["module"]), result["line"]))
    text = _HEAD.format(day=datetime.now(timezone.utc).date(), commit=sys.argv[2])
    for module in MODULES:
        ends = Counter(result["end"] for result in results if result["module"] == module)
        if not ends and has_mutants(module):
            text += f"| `{module}` | not run yet | | | |\n"
            continue
        killed = ends["killed"] + ends["killed by the limit of time"]
        left = ends["survived"], ends["not reached"]
        text += f"| `{module}` | {sum(ends.values())} | {killed} | {left[0]} | {left[1]} |\n"
    survivors = [result for result in results if result["end"] not in {"killed", "killed by the limit of time"}]
    known = [result for result in survivors if result["key"] in HARMLESS]
    text += "\n## What survives because it changes nothing\n\n"
    text += "".join(f"- `{result['key']}`: {HARMLESS[result['key']]}\n" for result in known)
    text += "\n## What survives, and is not explained yet\n\n"
    text += "".join(
        f"- {result['end']}, line {result['line']}: `{result['key']}`\n"
        for result in survivors
        if result not in known
    )
    PAGE.write_text(text)


main()
