"""Every message that the program can end or warn with, found in its source: for docs/troubleshooting.md."""

import ast
from collections.abc import Iterator
from pathlib import Path

from dokku_cache import errors
from dokku_cache.errors import CacheError, Interrupted

SOURCE = Path(__file__).parents[1] / "src" / "dokku_cache"
#: Stands for what a message fills in.
GAP = "\N{HORIZONTAL ELLIPSIS}"
#: Less than that is no sentence, but an error that is passed on with something in front.
_FEWEST_LETTERS = 5


def _family() -> frozenset[str]:
    """Give the names of all errors that take a sentence."""
    own = {
        node.name
        for path in SOURCE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if _is_error(node)
    }
    return frozenset(own | {name for name, kind in vars(errors).items() if _takes_a_sentence(kind)})


def _is_error(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and _takes_a_sentence(vars(errors).get(base.id)) for base in node.bases
    )


def _takes_a_sentence(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, CacheError | Interrupted)


def found() -> dict[str, str]:
    """Give each message, with a gap for what is filled in, and the file that it is first found in."""
    family = _family()
    messages: dict[str, str] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        for node, assigned in _calls(path):
            if _is_told(node, family):
                for text in _texts(_sentence(node), assigned):
                    if sum(letter.isalpha() for letter in text) >= _FEWEST_LETTERS and " " in text:
                        messages.setdefault(text, str(path.relative_to(SOURCE)))
    return messages


def without_next_step() -> set[str]:
    """Give the errors that say what happened, and not what to do."""
    family = _family()
    return {
        text
        for path in sorted(SOURCE.rglob("*.py"))
        for node, assigned in _calls(path)
        if _is_told(node, family) and len(node.args) == 1 and _name(node) not in {"warn", "__init__"}
        for text in _texts(node.args[0], assigned)
        if " " in text
    }


def _calls(path: Path) -> Iterator[tuple[ast.Call, dict[str, list[ast.expr]]]]:
    """Give each call with an argument, and what is assigned to which name around it."""
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    inside = {id(call): function for function in functions for call in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            assigned: dict[str, list[ast.expr]] = {}
            for other in ast.walk(inside.get(id(node), ast.Module([], []))):
                if isinstance(other, ast.Assign) and isinstance(other.targets[0], ast.Name):
                    assigned.setdefault(other.targets[0].id, []).append(other.value)
            yield node, assigned


def _name(node: ast.Call) -> str:
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_told(node: ast.Call, family: frozenset[str]) -> bool:
    return _name(node) in family or _name(node) in {"warn", "_warn", "__init__"}


def _sentence(node: ast.Call) -> ast.expr:
    """Give the argument that is the message: the first, but for what has an app, a name or a context in front."""
    leading = {"_warn": 2, "TriggerFailed": 1, "_Trouble": 0}.get(_name(node), 0)
    return node.args[min(leading, len(node.args) - 1)]


def _texts(node: ast.expr, assigned: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Give what an argument may come to."""
    if isinstance(node, ast.Name):
        for value in assigned.get(node.id, []):
            yield from _texts(value, {})
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, assigned)
        yield from _texts(node.orelse, assigned)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield f"{next(_texts(node.left, assigned), GAP)}{GAP}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else GAP for part in node.values)
        yield "".join(str(part) for part in parts)
