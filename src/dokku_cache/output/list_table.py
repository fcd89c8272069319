"""``cache:list`` for a person: a table that has one line a cache where there is room for it."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dokku_cache.errors import PackageMissing
from dokku_cache.inventory import AppState, Cache, Inventory, Kind, Order, Sum, VolumeState
from dokku_cache.output import text
from dokku_cache.output.console import Console

if TYPE_CHECKING:
    from rich.table import Table

_TITLES = {
    Order.SIZE: "the biggest first",
    Order.APP: "by app",
    Order.MODIFIED: "the longest unmodified first",
}
_MARKS = {AppState.GHOST: " (ghost)", AppState.GONE: " (gone)"}
_STYLES = {"orphaned": "bold yellow", "recreated": "yellow", "interrupted": "yellow", "unsafe": "bold red"}
_INDENT = " " * 7
_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Row:
    """One line of the table, in words; ``what`` is what can be done, or why nothing can."""

    size: str
    app: str
    kind: str
    files: str
    modified: str
    state: str
    where: str
    what: str


def show(console: Console, inventory: Inventory, order: Order) -> None:
    """Show the table, and what all of it comes to. ``--quiet`` leaves the table alone."""
    console.heading(f"Build caches, {_TITLES[order]}")
    rows = [_row(cache) for cache in inventory.caches]
    if inventory.daily_prune is not None:
        rows.insert(_place(inventory, order), _engine_row(inventory))
    if rows:
        for line in _render(rows, console.columns - len(_INDENT), is_styled=console.is_terminal):
            console.result(_INDENT + line)
    if inventory.hides_others:
        console.detail("What is not of an app of yours is left out")
    console.detail(_last_line(inventory))


def _place(inventory: Inventory, order: Order) -> int:
    """Give the engine's place among the caches: by its size, else at the end, as it has no app and no time."""
    if order is not Order.SIZE or inventory.build_cache is None:
        return len(inventory.caches)
    size_bytes = inventory.build_cache.size_bytes
    return sum(1 for cache in inventory.caches if cache.size_bytes is not None and cache.size_bytes >= size_bytes)


def _row(cache: Cache) -> Row:
    is_directory = cache.kind is Kind.LEGACY
    return Row(
        size=_UNKNOWN if cache.size_bytes is None else text.size(cache.size_bytes),
        app=f"{text.printable(cache.app) or '?'}{_MARKS.get(cache.app_state, '') if cache.app_state else ''}",
        kind=cache.kind.value,
        # The engine does not tell these of a volume; of a directory they are there but not known.
        files=f"{cache.files:,}" if cache.files is not None else _UNKNOWN if is_directory else "-",
        modified=_day(cache),
        state=cache.state,
        where=text.printable(cache.location if is_directory else f"volume {cache.location}"),
        what=text.printable(_what(cache)),
    )


def _day(cache: Cache) -> str:
    if cache.last_modified is not None:
        return cache.last_modified.strftime("%Y-%m-%d")
    return _UNKNOWN if cache.kind is Kind.LEGACY and cache.size_bytes is None else "-"


def _what(cache: Cache) -> str:
    if cache.state == VolumeState.LIVE.value and cache.action:
        return f"{cache.action} (the next build takes longer)"
    return cache.action or f"kept: {cache.reason}"


def _engine_row(inventory: Inventory) -> Row:
    known, prune = inventory.build_cache, inventory.daily_prune
    reclaimable = f"{text.size(known.reclaimable_bytes)} reclaimable" if known else "Docker does not answer"
    return Row(
        size=text.size(known.size_bytes) if known else _UNKNOWN,
        app="-",
        kind=Kind.ENGINE.value,
        files="-",
        modified="-",
        state=_UNKNOWN if known is None else "reclaimable" if known.reclaimable_bytes else "in-use",
        where=f"Docker's own build cache, {reclaimable}",
        what="" if prune is None else _prune(can_work=prune.can_work, reason=prune.reason),
    )


def _prune(*, can_work: bool, reason: str) -> str:
    if can_work:
        return f"Dokku's daily prune can work here: {reason}"
    return f"docker builder prune (Dokku's daily prune cannot work here: {reason})"


def _last_line(inventory: Inventory) -> str:
    purgeable = inventory.purgeable
    if not purgeable.caches:
        freed = "'dokku cache:purge-legacy --all' would free nothing"
    else:
        freed = (
            f"'dokku cache:purge-legacy --all' would free {_amount(purgeable)} "
            f"({text.count(purgeable.caches, 'legacy cache')})"
        )
    return f"{_amount(inventory.total)} in {text.count(inventory.total.caches, 'build cache')}; {freed}"


def _amount(total: Sum) -> str:
    return f"{'' if total.is_complete else 'at least '}{text.size(total.size_bytes)}"


def _render(rows: Sequence[Row], width: int, *, is_styled: bool) -> Iterator[str]:
    """Lay the rows out: with all columns where each row fits into one line, else with two or three lines a row.

    Paths and commands are never broken: they are there to be copied.
    """
    try:
        from rich.console import Console as Terminal
        from rich.measure import Measurement as Width
    except ImportError as error:
        raise PackageMissing("rich") from error
    terminal = Terminal(file=io.StringIO(), width=width, force_terminal=is_styled, highlight=False, markup=False)

    def lines(table: "Table") -> list[str]:
        with terminal.capture() as capture:
            terminal.print(table)
        return [line.rstrip() for line in capture.get().splitlines()]

    wide = _table(rows, is_wide=True)
    if Width.get(terminal, terminal.options.update(max_width=1000), wide).maximum <= width:
        yield from lines(wide)
        return
    heading, *each = lines(_table(rows, is_wide=False))
    yield heading
    for row, line in zip(rows, each, strict=True):
        yield line
        yield from _details(row, width)


def _details(row: Row, width: int) -> Iterator[str]:
    indent = " " * 11
    together = f"{indent}{row.where}: {row.what}"
    if len(together) <= width:
        yield together
    else:
        yield f"{indent}{row.where}"
        yield f"{indent}{row.what}"


def _table(rows: Sequence[Row], *, is_wide: bool) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    # One line a row: where a name has to be cut, its whole is in the line below.
    table.add_column("SIZE", justify="right", no_wrap=True)
    table.add_column("APP", no_wrap=True, overflow="ellipsis")
    table.add_column("KIND", no_wrap=True)
    table.add_column("FILES", justify="right", no_wrap=True)
    table.add_column("MODIFIED", no_wrap=True)
    table.add_column("STATE", no_wrap=True)
    if is_wide:
        table.add_column("WHERE", no_wrap=True)
        table.add_column("WHAT CAN BE DONE", no_wrap=True)
    for row in rows:
        cells = [row.size, row.app, row.kind, row.files, row.modified, row.state]
        cells += [row.where, row.what] if is_wide else []
        style = _STYLES.get(row.state, "")
        table.add_row(*(Text(cell, style=style if cell in {row.state, row.size} else "") for cell in cells))
    return table
