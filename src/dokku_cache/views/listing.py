"""``cache:list``: a table for people, and json and yaml for programs (docs/schemas/list.json)."""

from collections.abc import Iterator, Sequence
from typing import Any

from dokku_cache.dokku.daily_run import Run
from dokku_cache.engine.storage import BuildCache
from dokku_cache.model.cache import AppState, Cache, Kind
from dokku_cache.model.state import ReasonCode, State
from dokku_cache.output import text
from dokku_cache.output.console import Console
from dokku_cache.output.text import SCHEMA_VERSION, Column
from dokku_cache.survey.disks import Disk
from dokku_cache.survey.inventory import Inventory, Order, sort

_TITLES = {Order.SIZE: "largest first", Order.APP: "by app", Order.MODIFIED: "oldest first"}
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


#: Free inodes are shown below this share, when they are what the file system lacks.
_SCARCE_INODES = 0.1


def show(console: Console, inventory: Inventory, order: Order) -> None:
    """Show the table, the notes and the totals. ``--quiet`` leaves only the table."""
    console.heading(f"Build caches ({_TITLES[order]})")
    caches = [*inventory.caches, *([] if inventory.daily_prune is None else [_engine(inventory.build_cache)])]
    if caches:
        for line in text.table(_COLUMNS, [_row(cache) for cache in sort(caches, order)], console.columns):
            console.result(line)
    for line in (*_notes(inventory), *_sums(inventory), *disk_lines(inventory.disks)):
        console.detail(line)


def _row(cache: Cache) -> tuple[str, ...]:
    # Docker does not report files and times of a volume; those of a directory exist, but may be unknown.
    is_directory = cache.kind is Kind.LEGACY
    name = cache.app or ("-" if cache.kind in {Kind.BUILDKIT, Kind.ENGINE} else "?")
    modified = _UNKNOWN if is_directory and cache.size_bytes is None else "-"
    if cache.last_modified is not None:
        modified = cache.last_modified.strftime("%Y-%m-%d")
    return (
        _UNKNOWN if cache.size_bytes is None else text.size(cache.size_bytes),
        name + (_MARKS.get(cache.app_state, "") if cache.app_state else ""),
        cache.kind.value,
        cache.state,
        f"{cache.files:,}" if cache.files is not None else _UNKNOWN if is_directory else "-",
        modified,
        cache.location,
    )


def _engine(known: BuildCache | None) -> Cache:
    if known is None:
        return Cache(Kind.ENGINE, _ENGINE)
    used = "reclaimable" if known.reclaimable_bytes else State.IN_USE.value
    return Cache(Kind.ENGINE, _ENGINE, state=used if known.records else "empty", size_bytes=known.size_bytes)


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
        daily = "Dokku prunes it daily" if prune.can_work else "Dokku does not prune it daily"
        yield f"{_ENGINE}: {reclaimable}. {daily}: {prune.reason}"
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


def values(inventory: Inventory, daily_run: Run | None = None) -> dict[str, Any]:
    """Return an inventory, and the last daily run, as plain values: bytes, RFC 3339 times, null for unknown."""
    total, purgeable = inventory.total, inventory.purgeable
    return {
        "caches": [cache_values(cache) for cache in inventory.caches],
        "daily-run-at": daily_run.at if daily_run else None,
        "daily-run-result": daily_run.result if daily_run else None,
        "disks": [disk_values(disk) for disk in inventory.disks],
        "engine-build-cache": _build_cache_values(inventory),
        "hides-others": inventory.hides_others,
        "purgeable-bytes": purgeable.size_bytes if purgeable else None,
        "purgeable-caches": purgeable.caches if purgeable else None,
        "purgeable-is-complete": purgeable.is_complete if purgeable else None,
        "schema-version": SCHEMA_VERSION,
        "total-bytes": total.size_bytes,
        "total-is-complete": total.is_complete,
        "unknown": list(inventory.unknown),
    }


def cache_values(cache: Cache) -> dict[str, Any]:
    """Return one cache as plain values, as in the list and in a plan."""
    return {
        "action": cache.action or None,
        "app": cache.app or None,
        "app-state": cache.app_state.value if cache.app_state else None,
        "files": cache.files,
        "is-purgeable": cache.is_purgeable,
        "kind": cache.kind.value,
        "last-modified": text.timestamp(cache.last_modified) or None,
        "location": cache.location,
        "matched-by": cache.matched_by or None,
        "reason": cache.reason,
        "reason-code": cache.reason_code.value if cache.reason_code else None,
        "size-bytes": cache.size_bytes,
        "state": cache.state,
    }


def _build_cache_values(inventory: Inventory) -> dict[str, Any] | None:
    if inventory.daily_prune is None:
        return None
    known = inventory.build_cache
    return {
        "daily-prune-can-work": inventory.daily_prune.can_work,
        "daily-prune-reason": inventory.daily_prune.reason,
        "reclaimable-bytes": known.reclaimable_bytes if known else None,
        "records": known.records if known else None,
        "size-bytes": known.size_bytes if known else None,
    }


def disk_lines(disks: Sequence[Disk]) -> Iterator[str]:
    """Return the free space of each file system, and its free inodes where they are scarce."""
    for disk in disks:
        state, where = disk.state, " and ".join(disk.paths)
        yield f"Free space on {where}: {text.size(state.free_bytes)} of {text.size(state.total_bytes)}"
        inodes, free = state.total_inodes, state.free_inodes
        if inodes and free is not None and free / inodes < _SCARCE_INODES:
            yield f"Free inodes on {where}: {free:,} of {inodes:,}"


def disk_values(disk: Disk) -> dict[str, Any]:
    """Return a file system as plain values, see docs/schemas/list.json."""
    state = disk.state
    return {
        "free-bytes": state.free_bytes,
        "free-inodes": state.free_inodes,
        "paths": list(disk.paths),
        "size-bytes": state.total_bytes,
        "total-inodes": state.total_inodes,
        "used-bytes": state.used_bytes,
    }
