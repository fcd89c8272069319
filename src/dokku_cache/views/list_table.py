"""``cache:list`` for a person: one row per cache, what is kept and why, and how to free space."""

from collections.abc import Iterator

from dokku_cache.model.cache import AppState, Cache, Kind
from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.state import State
from dokku_cache.output import table, text
from dokku_cache.output.console import Console
from dokku_cache.output.table import Column
from dokku_cache.survey.inventory import Inventory, Order
from dokku_cache.views import disk_lines

_TITLES = {
    Order.SIZE: "largest first",
    Order.APP: "by app",
    Order.MODIFIED: "oldest first",
}
_MARKS = {AppState.GHOST: " (ghost)", AppState.GONE: " (gone)"}
_UNKNOWN = "unknown"
_ENGINE = "Docker's build cache"
#: Names in one note.
_MAX_NAMES = 10
#: Figures are never shortened.
_COLUMNS = (
    Column("SIZE", is_number=True),
    Column("APP", min_width=12),
    Column("KIND", drop_rank=4),
    Column("STATE"),
    Column("FILES", is_number=True, drop_rank=1),
    Column("MODIFIED", drop_rank=2),
    Column("LOCATION", min_width=16, drop_rank=3),
)


def show(console: Console, inventory: Inventory, order: Order) -> None:
    """Show the table, the notes and the totals. ``--quiet`` leaves only the table."""
    console.heading(f"Build caches ({_TITLES[order]})")
    rows = [_row(cache) for cache in inventory.caches]
    if inventory.daily_prune is not None:
        rows.insert(_position(inventory, order), _engine_row(inventory))
    if rows:
        for line in table.lines(_COLUMNS, rows, console.columns):
            console.result(line)
    for line in (*_notes(inventory), *_sums(inventory), *disk_lines.lines(inventory.disks)):
        console.detail(line)


def _position(inventory: Inventory, order: Order) -> int:
    """Return the position of Docker's build cache: by its size, else at the end, as it has no app and no time."""
    if order is not Order.SIZE or inventory.build_cache is None:
        return len(inventory.caches)
    size_bytes = inventory.build_cache.size_bytes
    return sum(1 for cache in inventory.caches if cache.size_bytes is not None and cache.size_bytes >= size_bytes)


def _row(cache: Cache) -> tuple[str, ...]:
    # Docker does not report files and times of a volume; those of a directory exist, but may be unknown.
    is_directory = cache.kind is Kind.LEGACY
    if cache.last_modified is not None:
        modified = cache.last_modified.strftime("%Y-%m-%d")
    else:
        modified = _UNKNOWN if is_directory and cache.size_bytes is None else "-"
    return (
        _UNKNOWN if cache.size_bytes is None else text.size(cache.size_bytes),
        _app(cache),
        cache.kind.value,
        cache.state,
        f"{cache.files:,}" if cache.files is not None else _UNKNOWN if is_directory else "-",
        modified,
        cache.location,
    )


def _app(cache: Cache) -> str:
    name = cache.app or ("-" if cache.kind is Kind.BUILDKIT else "?")
    return name + (_MARKS.get(cache.app_state, "") if cache.app_state else "")


def _engine_row(inventory: Inventory) -> tuple[str, ...]:
    known = inventory.build_cache
    if known is None:
        size, state = _UNKNOWN, _UNKNOWN
    else:
        used = "reclaimable" if known.reclaimable_bytes else State.IN_USE.value
        size, state = text.size(known.size_bytes), used if known.records else "empty"
    return size, "-", Kind.ENGINE.value, state, "-", "-", _ENGINE


def _notes(inventory: Inventory) -> Iterator[str]:
    """Say what is kept and why, one line per reason."""
    kept: dict[tuple[str, str, str], list[str]] = {}
    for cache in inventory.caches:
        if not cache.action:
            name = cache.app or cache.location
            kept.setdefault((cache.kind.value, cache.state, cache.reason), []).append(name)
    for (kind, state, reason), names in kept.items():
        more = f" and {len(names) - _MAX_NAMES:,} more" if len(names) > _MAX_NAMES else ""
        yield f"Kept: {', '.join(names[:_MAX_NAMES])}{more} ({kind}, {state}): {reason}"
    if inventory.daily_prune is not None:
        known, prune = inventory.build_cache, inventory.daily_prune
        reclaimable = f"{text.size(known.reclaimable_bytes)} reclaimable" if known else "Docker did not respond"
        yield f"{_ENGINE}, {reclaimable}: {'' if prune.can_work else 'no '}daily prune: {prune.reason}"
    if any(cache.app_state is AppState.GHOST for cache in inventory.caches):
        yield "A ghost is a destroyed app that Dokku still lists because its old cache exists"
    if inventory.hides_others:
        yield "Caches of apps that you cannot access are not shown"


def _sums(inventory: Inventory) -> Iterator[str]:
    """Return the total, and what each command frees."""
    total, engine, prune = inventory.total, inventory.build_cache, inventory.daily_prune
    bound = "" if total.is_complete else "at least "
    yield f"Total: {bound}{text.size(total.size_bytes)} in {text.count(total.caches, 'cache')}"
    by_command: dict[str, list[int | None]] = {}
    for cache in inventory.caches:
        if cache.action:
            by_command.setdefault(_command(cache, inventory.app), []).append(cache.size_bytes)
    for command, sizes in by_command.items():
        bound = "at least " if None in sizes else ""
        yield f"To free {bound}{text.size(sum(size for size in sizes if size))}: {command}"
    if engine and engine.reclaimable_bytes and prune and not prune.can_work:
        yield f"To free {text.size(engine.reclaimable_bytes)}: docker builder prune"


def _command(cache: Cache, app: str) -> str:
    """Return the command that removes a cache, for all of its kind unless one ``app`` is listed."""
    command = cache.action
    if cache.is_purgeable and not app:
        command = "dokku cache:purge-legacy --all"
    elif cache.app and not app:
        command = command.removesuffix(f" {cache.app}") + (" <app>" if command.endswith(f" {cache.app}") else "")
    slower = cache.state == State.LIVE.value and "the next build is slower"
    start = cache.reason_code is ReasonCode.BUILDKIT_STOPPED and "start its container first"
    notes = "; ".join(note for note in (start, slower) if note)
    return f"{command} ({notes})" if notes else command
