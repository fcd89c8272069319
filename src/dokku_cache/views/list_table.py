"""``cache:list`` for a person: a table that has one line a cache where there is room for it."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dokku_cache.caches.inventory import Inventory, Order
from dokku_cache.dokku.host_settings import DailyPrune
from dokku_cache.engine.storage import BuildCache
from dokku_cache.model.cache import AppState, Cache, Kind
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.state import State
from dokku_cache.output import text
from dokku_cache.output.console import Console
from dokku_cache.views import disk_lines, list_sums

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_TITLES = {
    Order.SIZE: "largest first",
    Order.APP: "by app",
    Order.MODIFIED: "oldest first",
}
_MARKS = {AppState.GHOST: " (ghost)", AppState.GONE: " (gone)"}
_STYLES = {"orphaned": "bold yellow", "recreated": "yellow", "interrupted": "yellow", "unsafe": "bold red"}
_INDENT = " " * 7
_UNKNOWN = "unknown"
#: The least that is left of an app's name, however narrow the terminal is.
_NARROWEST_APP = 12
_TITLED = ("SIZE", "APP", "KIND", "FILES", "MODIFIED", "STATE")
_TO_THE_RIGHT = frozenset({"SIZE", "FILES"})
#: What goes where the rest would have no room, in this order; size, app and state never do, and no figure is cut.
_DISPENSABLE = ("MODIFIED", "FILES", "KIND")
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
    console.heading(f"Build caches ({_TITLES[order]})")
    rows = [_row(cache) for cache in inventory.caches]
    if inventory.daily_prune is not None:
        rows.insert(_place(inventory, order), _engine_row(inventory))
    if rows:
        for line in _lines(rows, console.columns - len(_INDENT), is_styled=console.is_terminal):
            console.result(_INDENT + line)
    if inventory.hides_others:
        console.detail("Caches of apps that you cannot access are not shown")
    for line in list_sums.lines(inventory):
        console.detail(line)
    for line in disk_lines.lines(inventory.disks):
        console.detail(line)


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
        return f"{cache.action} (start its container first; the next build is slower)"
    if cache.state == State.LIVE.value and cache.action:
        return f"{cache.action} (the next build is slower)"
    if cache.action and cache.state != State.ORPHANED.value:
        return f"{cache.action} ({cache.reason})"
    return cache.action or f"kept: {cache.reason}"


def _engine_row(inventory: Inventory) -> Row:
    known, prune = inventory.build_cache, inventory.daily_prune
    reclaimable = f"{text.size(known.reclaimable_bytes)} reclaimable" if known else "Docker did not respond"
    return Row(
        size=text.size(known.size_bytes) if known else _UNKNOWN,
        app="-",
        mark="",
        kind=Kind.ENGINE.value,
        files="-",
        modified="-",
        state=_engine_state(known),
        where=f"Docker's build cache, {reclaimable}",
        what="" if prune is None else _prune(prune, has_use=known is None or known.reclaimable_bytes > 0),
    )


def _engine_state(known: BuildCache | None) -> str:
    if known is None:
        return _UNKNOWN
    if not known.records:
        return "empty"
    return "reclaimable" if known.reclaimable_bytes else State.IN_USE.value


def _prune(prune: DailyPrune, *, has_use: bool) -> str:
    if prune.can_work:
        return f"daily prune: {prune.reason}"
    why = f"no daily prune: {prune.reason}"
    return f"docker builder prune ({why})" if has_use else why


def _lines(rows: Sequence[Row], width: int, *, is_styled: bool) -> list[str]:
    try:
        return list(_render(rows, width, is_styled=is_styled))
    except Exception:  # noqa: BLE001 - a rich that is missing, or another than it should be, costs its colours alone
        return list(_plain(rows, width))


def _cells(row: Row, app_width: int | None = None) -> dict[str, str]:
    """Give what stands in each column of a row."""
    marked = _marked(row, app_width)
    return dict(zip(_TITLED, (row.size, marked, row.kind, row.files, row.modified, row.state), strict=True))


def _plain(rows: Sequence[Row], width: int) -> Iterator[str]:
    titles = _titles(rows, width)
    each = [{title: _cells(row)[title] for title in titles} for row in rows]
    widths = {title: max(len(title), *(len(cells[title]) for cells in each)) for title in titles}
    for cells, row in zip(({title: title for title in titles}, *each), (None, *rows), strict=True):
        aligned = [
            cell.rjust(widths[title]) if title in _TO_THE_RIGHT else cell.ljust(widths[title])
            for title, cell in cells.items()
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
    titles = _titles(rows, width)
    heading, *each = lines(_table(rows, titles, max(_NARROWEST_APP, width - _width_beside_app(rows, titles))))
    yield heading
    for row, line in zip(rows, each, strict=True):
        yield line
        for detail in _details(row, width):
            yield from lines(Text(detail, style="dim"))


def _details(row: Row, width: int) -> tuple[str, ...]:
    indent = " " * 11
    together = f"{indent}{row.where}: {row.what}"
    return (together,) if len(together) <= width else (f"{indent}{row.where}", f"{indent}{row.what}")


def _titles(rows: Sequence[Row], width: int) -> tuple[str, ...]:
    """Give the columns for which there is room in one line a row."""
    titles: tuple[str, ...] = _TITLED
    for title in _DISPENSABLE:
        if _width_beside_app(rows, titles) + _NARROWEST_APP <= width:
            break
        titles = tuple(kept for kept in titles if kept != title)
    return titles


def _width_beside_app(rows: Sequence[Row], titles: Sequence[str]) -> int:
    cells = [_cells(row) for row in rows]
    return sum(max(len(title), *(len(row[title]) for row in cells)) + _GAP for title in titles if title != "APP")


def _marked(row: Row, width: int | None) -> str:
    """Give an app's name with its mark; where the name has to be cut, its whole is in the line below."""
    room = len(row.app) if width is None else width - len(row.mark)
    name = row.app if len(row.app) <= room else f"{row.app[: max(0, room - 1)]}\N{HORIZONTAL ELLIPSIS}"
    return f"{name}{row.mark}"


def _table(rows: Sequence[Row], titles: Sequence[str] = (), app_width: int | None = None) -> "Table":
    """Make the table, with all columns; or with some ``titles``, and so much room for an app's name."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for title in titles or (*_TITLED, "LOCATION", "ACTION"):
        table.add_column(title, justify="right" if title in _TO_THE_RIGHT else "left", no_wrap=True)
    for row in rows:
        style = _STYLES.get(row.state, "")
        styles = {"SIZE": style, "STATE": style}
        cells = {**_cells(row, app_width), "LOCATION": row.where, "ACTION": row.what}
        table.add_row(
            *(Text(cells[str(column.header)], style=styles.get(str(column.header), "")) for column in table.columns)
        )
    return table
