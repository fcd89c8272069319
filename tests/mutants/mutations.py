"""The mutants of one module: its syntax tree, changed in one place."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

#: What each comparison is turned into.
_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
}
_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
}
#: What tells types, and that a class cannot change.
_NOT_LOOKED_INTO = {"annotation", "returns", "decorator_list"}
#: One of their two sides is left out.
_SETS = (ast.BitOr, ast.BitAnd)


@dataclass(frozen=True)
class Mutant:
    """A module with one change. ``function``: where it is, dotted, empty at the top. ``line``: from 1.

    ``code``: that line of the original, ``change``: what was done to it, ``source``: the whole module afterwards.
    """

    module: str
    function: str
    line: int
    code: str
    change: str
    source: str

    @property
    def key(self) -> str:
        """Give what it is known by as long as its line stays as it is, wherever that line moves."""
        return f"{self.module}: {self.code} [{self.change}]"


@dataclass(frozen=True)
class _Change:
    """What takes the place of a part of the tree: ``field`` of a node, at ``index`` where that is a list."""

    text: str
    field: str
    new: object
    index: int | None = None


def mutants_of(module: str, text: str) -> list[Mutant]:
    """Give all mutants of a module, in the order of its lines; those that read the same are given once."""
    tree, lines = ast.parse(text), text.splitlines()
    found: dict[str, Mutant] = {}
    for number, (function, node) in enumerate(_walk(tree)):
        for change in _changes(node):
            other = copy.deepcopy(tree)
            twin = next(there for place, (_, there) in enumerate(_walk(other)) if place == number)
            _apply(twin, change)
            source = ast.unparse(ast.fix_missing_locations(other))
            line = getattr(change.new, "lineno", getattr(node, "lineno", 1))
            mutant = Mutant(module, function, line, lines[line - 1].strip(), change.text, source)
            found.setdefault(source, mutant)
    return sorted(found.values(), key=lambda mutant: mutant.line)


def _apply(node: ast.AST, change: _Change) -> None:
    if change.index is None:
        setattr(node, change.field, change.new)
    elif change.new is None:
        del getattr(node, change.field)[change.index]
    else:
        getattr(node, change.field)[change.index] = change.new


def _walk(node: ast.AST, function: str = "") -> Iterator[tuple[str, ast.AST]]:
    """Give each node with the function that it is in; what only tells types is left out."""
    yield function, node
    for name, value in ast.iter_fields(node):
        if name in _NOT_LOOKED_INTO:
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                inner = f"{function}.{child.name}".lstrip(".") if _has_body(child) else function
                yield from _walk(child, inner)


def _has_body(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.ClassDef)


def _changes(node: ast.AST) -> Iterator[_Change]:
    for kind, make in _MAKERS:
        if isinstance(node, kind):
            yield from make(node)


def _of_comparison(node: ast.Compare) -> Iterator[_Change]:
    for index, operator in enumerate(node.ops):
        for other in _COMPARISONS[type(operator)]:
            text = f"{type(operator).__name__} -> {other.__name__}"
            yield _Change(text, "ops", other(), index)


def _of_bool(node: ast.BoolOp) -> Iterator[_Change]:
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield _Change(f"{type(node.op).__name__} -> {other.__name__}", "op", other())
    for index in range(len(node.values)):
        if len(node.values) > 1:
            yield _Change(f"without '{ast.unparse(node.values[index])}'", "values", None, index)


def _of_operation(node: ast.BinOp) -> Iterator[_Change]:
    if type(node.op) in _ARITHMETIC:
        other = _ARITHMETIC[type(node.op)]
        yield _Change(f"{type(node.op).__name__} -> {other.__name__}", "op", other())


def _of_branch(node: ast.If | ast.IfExp | ast.While) -> Iterator[_Change]:
    test = node.test
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        return  # which is turned round already
    negated = test.operand if isinstance(test, ast.UnaryOp) else ast.UnaryOp(ast.Not(), test)
    yield _Change(f"if not {ast.unparse(test)}", "test", ast.copy_location(negated, test))


def _of_filter(node: ast.comprehension) -> Iterator[_Change]:
    for index, test in enumerate(node.ifs):
        yield _Change(f"without 'if {ast.unparse(test)}'", "ifs", None, index)


def _of_call(node: ast.Call) -> Iterator[_Change]:
    """Leave out what is given by name: a handle, a default that is another, a limit of time."""
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            yield _Change(f"without {ast.unparse(keyword)}", "keywords", None, index)


def _of_any(node: ast.AST) -> Iterator[_Change]:
    """Change constants, and one side of a union, wherever they stand; leave out statements."""
    for field, value in ast.iter_fields(node):
        if field in _NOT_LOOKED_INTO:
            continue
        is_list = isinstance(value, list)
        for index, child in enumerate(value if is_list else [value]):
            place = index if is_list else None
            if isinstance(child, ast.Constant):
                yield from _of_constant(field, place, child)
            elif isinstance(child, ast.BinOp) and isinstance(child.op, _SETS):
                for side, other in ((child.left, child.right), (child.right, child.left)):
                    yield _Change(f"without {ast.unparse(other)}", field, side, place)
            elif isinstance(child, ast.stmt):
                yield from _of_statement(field, index, child)


def _of_constant(field: str, index: int | None, constant: ast.Constant) -> Iterator[_Change]:
    value = constant.value
    if isinstance(value, bool):
        yield _Change(f"{value} -> {not value}", field, ast.copy_location(ast.Constant(not value), constant), index)
    elif isinstance(value, int | float):
        other = ast.copy_location(ast.Constant(value + 1), constant)
        yield _Change(f"{value} -> {value + 1}", field, other, index)


def _of_statement(field: str, index: int, statement: ast.stmt) -> Iterator[_Change]:
    nothing = ast.copy_location(ast.Pass(), statement)
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Expr | ast.Raise | ast.Continue | ast.Break | ast.AugAssign) and not is_text:
        yield _Change(f"without '{_first_line(statement)}'", field, nothing, index)
    if isinstance(statement, ast.Try):
        for handler in statement.handlers:
            if handler.type is not None:
                other = copy.deepcopy(statement)
                other.handlers = [twin for twin in other.handlers if twin.lineno != handler.lineno]
                is_needed = other.handlers or other.finalbody
                plain = other if is_needed else ast.If(ast.Constant(value=True), [*other.body, *other.orelse], [])
                text = f"without 'except {ast.unparse(handler.type)}'"
                yield _Change(text, field, ast.copy_location(plain, handler), index)


def _first_line(node: ast.AST) -> str:
    return ast.unparse(node).splitlines()[0]


_MAKERS: tuple[tuple[type | tuple[type, ...], Callable[..., Iterator[_Change]]], ...] = (
    (ast.Compare, _of_comparison),
    (ast.BoolOp, _of_bool),
    (ast.BinOp, _of_operation),
    ((ast.If, ast.IfExp, ast.While), _of_branch),
    (ast.comprehension, _of_filter),
    (ast.Call, _of_call),
    (ast.AST, _of_any),
)
