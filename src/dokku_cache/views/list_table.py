"""``cache:list`` for a person: a table that has one line a cache where there is room for it."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dokku_cache.caches.inventory import Cache, Inventory, Kind, Order, Sum
from dokku_cache.dokku.apps import AppState
from dokku_cache.dokku.daily_prune import DailyPrune
from dokku_cache.engine.disk_usage import BuildCache
from dokku_cache.legacy.reason_code import ReasonCode
from dokku_cache.output import text
from dokku_cache.output.console import Console
from dokku_cache.views import disk_lines
from dokku_cache.volumes.state import VolumeState

if TYPE_CHECKING:
    from rich.console import RenderableType
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
#: The least that is left of an app's name, however narrow the terminal is.
_NARROWEST_APP = 12
#: Blanks between two columns.
_GAP = 2


@dataclass(frozen=True)
class Row:
    """One line of the table, in words.

    ``mark`` tells what became of the app, or is empty; ``what`` is what can be done, or why nothing can.
    """

    size: str
    app: str
    mark: str
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
        for line in _lines(rows, console.columns - len(_INDENT), is_styled=console.is_terminal):
            console.result(_INDENT + line)
    if inventory.hides_others:
        console.detail("What is not of an app of yours is left out")
    console.detail(_last_line(inventory))
    for disk in inventory.disks:
        console.detail(disk_lines.line(disk))


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
        app=text.printable(cache.app) or ("-" if cache.kind is Kind.BUILDKIT else "?"),
        mark=_MARKS.get(cache.app_state, "") if cache.app_state else "",
        kind=cache.kind.value,
        # The engine does not tell these of a volume; of a directory they are there but not known.
        files=f"{cache.files:,}" if cache.files is not None else _UNKNOWN if is_directory else "-",
        modified=_day(cache),
        state=cache.state,
        where=text.printable(cache.location if cache.location.startswith("/") else f"volume {cache.location}"),
        what=text.printable(_what(cache)),
    )


def _day(cache: Cache) -> str:
    if cache.last_modified is not None:
        return cache.last_modified.strftime("%Y-%m-%d")
    return _UNKNOWN if cache.kind is Kind.LEGACY and cache.size_bytes is None else "-"


def _what(cache: Cache) -> str:
    if cache.reason_code is ReasonCode.BUILDKIT_STOPPED and cache.action:
        return f"{cache.action} (start its container first; slows the next build)"
    if cache.state == VolumeState.LIVE.value and cache.action:
        return f"{cache.action} (slows the next build)"
    if cache.action and cache.state != VolumeState.ORPHANED.value:
        return f"{cache.action} ({cache.reason})"
    return cache.action or f"kept: {cache.reason}"


def _engine_row(inventory: Inventory) -> Row:
    known, prune = inventory.build_cache, inventory.daily_prune
    reclaimable = f"{text.size(known.reclaimable_bytes)} reclaimable" if known else "Docker does not answer"
    return Row(
        size=text.size(known.size_bytes) if known else _UNKNOWN,
        app="-",
        mark="",
        kind=Kind.ENGINE.value,
        files="-",
        modified="-",
        state=_engine_state(known),
        where=f"Docker's own build cache, {reclaimable}",
        what="" if prune is None else _prune(prune, has_use=known is None or known.reclaimable_bytes > 0),
    )


def _engine_state(known: BuildCache | None) -> str:
    if known is None:
        return _UNKNOWN
    if not known.records:
        return "empty"
    return "reclaimable" if known.reclaimable_bytes else VolumeState.IN_USE.value


def _prune(prune: DailyPrune, *, has_use: bool) -> str:
    if prune.can_work:
        return f"Dokku's daily prune can work: {prune.reason}"
    why = f"Dokku's daily prune cannot work: {prune.reason}"
    return f"docker builder prune ({why})" if has_use else why


def _last_line(inventory: Inventory) -> str:
    total, purgeable = inventory.total, inventory.purgeable
    freed = f"{_amount(purgeable)} of it" if purgeable.caches else "nothing"
    caches = text.count(total.caches, "cache")
    return f"{_amount(total)} in {caches}; 'cache:purge-legacy --all' would free {freed}"


def _amount(total: Sum) -> str:
    return f"{'' if total.is_complete else 'at least '}{text.size(total.size_bytes)}"


def _lines(rows: Sequence[Row], width: int, *, is_styled: bool) -> list[str]:
    try:
        return list(_render(rows, width, is_styled=is_styled))
    except Exception:  # noqa: BLE001 - a rich that is missing, or another than it should be, costs its colours alone
        return list(_plain(rows, width))


def _plain(rows: Sequence[Row], width: int) -> Iterator[str]:
    titles = ("SIZE", "APP", "KIND", "FILES", "MODIFIED", "STATE")
    each = [(row.size, _marked(row, None), row.kind, row.files, row.modified, row.state) for row in rows]
    widths = [max(map(len, column)) for column in zip(titles, *each, strict=True)]
    to_the_right = {titles.index("SIZE"), titles.index("FILES")}
    for cells, row in zip((titles, *each), (None, *rows), strict=True):
        aligned = [
            cell.rjust(size) if number in to_the_right else cell.ljust(size)
            for number, (cell, size) in enumerate(zip(cells, widths, strict=True))
        ]
        yield (" " * _GAP).join(aligned).rstrip()
        yield from _details(row, width) if row else ()


def _render(rows: Sequence[Row], width: int, *, is_styled: bool) -> Iterator[str]:
    """Lay the rows out: with all columns where each row fits into one line, else with two or three lines a row.

    Paths and commands are never broken: they are there to be copied.
    """
    from rich.console import Console as Terminal
    from rich.measure import Measurement as Width
    from rich.text import Text

    terminal = Terminal(file=io.StringIO(), width=width, force_terminal=is_styled, highlight=False, markup=False)

    def lines(shown: "RenderableType") -> list[str]:
        with terminal.capture() as capture:
            terminal.print(shown, soft_wrap=isinstance(shown, Text))
        return [line.rstrip() for line in capture.get().splitlines()]

    wide = _table(rows)
    if Width.get(terminal, terminal.options.update(max_width=1000), wide).maximum <= width:
        yield from lines(wide)
        return
    heading, *each = lines(_table(rows, app_width=max(_NARROWEST_APP, width - _width_beside_app(rows))))
    yield heading
    for row, line in zip(rows, each, strict=True):
        yield line
        for detail in _details(row, width):
            yield from lines(Text(detail, style="dim"))


def _details(row: Row, width: int) -> tuple[str, ...]:
    indent = " " * 11
    together = f"{indent}{row.where}: {row.what}"
    return (together,) if len(together) <= width else (f"{indent}{row.where}", f"{indent}{row.what}")


def _width_beside_app(rows: Sequence[Row]) -> int:
    others = ([row.size, row.kind, row.files, row.modified, row.state] for row in rows)
    titles = ["SIZE", "KIND", "FILES", "MODIFIED", "STATE"]
    return sum(max(map(len, column)) + _GAP for column in zip(titles, *others, strict=True))


def _marked(row: Row, width: int | None) -> str:
    """Give an app's name with its mark; where the name has to be cut, its whole is in the line below."""
    room = len(row.app) if width is None else width - len(row.mark)
    name = row.app if len(row.app) <= room else f"{row.app[: max(0, room - 1)]}\N{HORIZONTAL ELLIPSIS}"
    return f"{name}{row.mark}"


def _table(rows: Sequence[Row], *, app_width: int | None = None) -> "Table":
    """Make the table, with all columns; or with one line a row in little room, when ``app_width`` says how little."""
    from rich.table import Table
    from rich.text import Text

    is_wide = app_width is None
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("SIZE", justify="right", no_wrap=True)
    table.add_column("APP", no_wrap=True)
    table.add_column("KIND", no_wrap=True)
    table.add_column("FILES", justify="right", no_wrap=True)
    table.add_column("MODIFIED", no_wrap=True)
    table.add_column("STATE", no_wrap=True)
    if is_wide:
        table.add_column("WHERE", no_wrap=True)
        table.add_column("WHAT CAN BE DONE", no_wrap=True)
    for row in rows:
        style = _STYLES.get(row.state, "")
        table.add_row(
            Text(row.size, style=style),
            *(Text(cell) for cell in (_marked(row, app_width), row.kind, row.files, row.modified)),
            Text(row.state, style=style),
            *(Text(cell) for cell in (row.where, row.what) if is_wide),
        )
    return table
