"""Each reason has its code, from where it is made to the page that describes it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from formats import reason_codes

from dokku_cache.legacy.reason_code import ReasonCode

SOURCE = Path(__file__).parents[3] / "src/dokku_cache"
#: What is made with a reason: the keyword that has it, with what it is when there is none, and that of the code.
REASONS = {
    "Proof": ("holds", "True None", "code"),
    "Entry": ("fault", "", "fault_code"),
    "Sighting": ("fault", "", "fault_code"),
}


def calls(name: str) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Give each call of a class in the source: where, its keywords, and its other arguments, as they are written."""
    for path in SOURCE.rglob("*.py"):
        if path.name == "summary.py":
            continue  # which makes sentences of proofs, and decides nothing
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                keywords = {keyword.arg or "": ast.unparse(keyword.value) for keyword in node.keywords}
                yield f"{path.name}:{node.lineno}", keywords, [ast.unparse(argument) for argument in node.args]


def test_the_page_describes_each_code_and_no_other() -> None:
    codes = [code.value for code in ReasonCode]
    assert reason_codes() == codes
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", code) for code in codes)


def test_each_code_is_given_somewhere() -> None:
    text = "".join(path.read_text() for path in SOURCE.rglob("*.py") if path.name != "reason_code.py")
    given = set(re.findall(r"ReasonCode\.([A-Z_]+)", text))
    assert given == set(ReasonCode.__members__)


def test_what_is_made_with_a_reason_is_made_with_its_code() -> None:
    for name, (reason, none, code) in REASONS.items():
        made = [(where, keywords) for where, keywords, _ in calls(name) if keywords.get(reason, none) not in none]
        assert made
        assert [where for where, keywords in made if code not in keywords and "None" not in keywords[reason]] == []
    verdicts = [where for where, keywords, rest in calls("Verdict") if "code" not in keywords and len(rest) > 1]
    assert verdicts == []
    volumes = [where for where, keywords, _ in calls("VolumeVerdict") if "code" not in keywords]
    assert volumes == []
    for reason in ("use", "unknown"):
        sentences = "uses" if reason == "use" else reason
        usages = [(where, keywords) for where, keywords, _ in calls("Usage") if sentences in keywords]
        assert [where for where, keywords in usages if f"{reason}_codes" not in keywords] == []
