"""``cache:list`` for Prometheus, in its text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).

An unknown value has no sample: a 0 would be wrong, and would end alerts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dokku_cache.dokku import daily_run
from dokku_cache.dokku.daily_run import Run, Schedule
from dokku_cache.model.cache import Cache
from dokku_cache.output import text
from dokku_cache.survey.disks import Disk
from dokku_cache.survey.inventory import Inventory


@dataclass(frozen=True)
class Metric:
    """One metric: its name without the common prefix, its meaning, and its samples: labels, and a value if known."""

    name: str
    meaning: str
    samples: Iterable[tuple[Mapping[str, str], float | None]]

    def lines(self) -> Iterator[str]:
        """Return its lines, none without a known value."""
        name = f"dokku_cache_{self.name}"
        known = [(labels, value) for labels, value in self.samples if value is not None]
        if known:
            yield f"# HELP {name} {self.meaning}"
            yield f"# TYPE {name} gauge"
        for labels, value in known:
            listed = ",".join(f'{label}="{_escape(content)}"' for label, content in labels.items())
            number = int(value) if isinstance(value, bool) else value
            yield f"{name}{{{listed}}} {number}" if listed else f"{name} {number}"


def exposition(inventory: Inventory, run: Run | None = None, job: Schedule | None = None) -> str:
    """Return an inventory, the last daily run and its schedule in the text format, without the last newline."""
    metrics = (
        *_of_caches(inventory.caches),
        *_of_server(inventory),
        *_of_disks(inventory.disks),
        *_of_daily_run(run, job),
    )
    return "\n".join(line for metric in metrics for line in metric.lines())


def _escape(label: str) -> str:
    # The format is UTF-8: every reader would refuse invalid Unicode.
    return text.printable(label).replace("\\", r"\\").replace('"', r"\"")


def _of_caches(caches: Sequence[Cache]) -> Iterator[Metric]:
    # These labels never change while the cache exists.
    known = [({"app": cache.app, "kind": cache.kind.value, "location": cache.location}, cache) for cache in caches]
    yield Metric("size_bytes", "Size of a build cache.", [(labels, cache.size_bytes) for labels, cache in known])
    yield Metric("files", "Files in a build cache.", [(labels, cache.files) for labels, cache in known])
    yield Metric(
        "last_modified_timestamp_seconds",
        "Time of the last modification in a build cache, in Unix time.",
        [(labels, cache.last_modified.timestamp() if cache.last_modified else None) for labels, cache in known],
    )
    states = [
        {**labels, "state": cache.state, "app_state": cache.app_state.value if cache.app_state else ""}
        for labels, cache in known
    ]
    yield Metric("info", "State of a build cache and of its app, in labels; always 1.", [(one, 1) for one in states])


def _of_server(inventory: Inventory) -> Iterator[Metric]:
    engine, prune = inventory.build_cache, inventory.daily_prune
    total, purgeable = inventory.total, inventory.purgeable
    values: list[tuple[str, str, float]] = [
        ("total_bytes", "Sum of the known sizes of all build caches.", total.size_bytes),
        ("total_complete", "1 if dokku_cache_total_bytes includes every size, else 0.", total.is_complete),
    ]
    if engine:
        values += [
            ("engine_build_cache_size_bytes", "Size of Docker's build cache.", engine.size_bytes),
            ("engine_build_cache_reclaimable_bytes", "Its reclaimable part.", engine.reclaimable_bytes),
        ]
    if prune:
        values.append(("daily_prune_can_work", "1 if Dokku's daily prune can work on this server.", prune.can_work))
    if purgeable:
        values += [
            ("purgeable_bytes", "Bytes that cache:purge-legacy --all would free.", purgeable.size_bytes),
            ("purgeable_caches", "Caches that cache:purge-legacy --all would remove.", purgeable.caches),
        ]
    return _without_labels(values)


def _without_labels(values: Iterable[tuple[str, str, float]]) -> Iterator[Metric]:
    return (Metric(name, meaning, [({}, value)]) for name, meaning, value in values)


def _of_disks(disks: Sequence[Disk]) -> Iterator[Metric]:
    by_path = [({"path": path}, disk.state) for disk in disks for path in disk.paths]
    for name, meaning, attribute in (
        ("size_bytes", "Size", "total_bytes"),
        ("used_bytes", "Used space", "used_bytes"),
        ("free_bytes", "Free space", "free_bytes"),
        ("inodes", "Inodes", "total_inodes"),
        ("free_inodes", "Free inodes", "free_inodes"),
    ):
        samples = [(labels, getattr(state, attribute)) for labels, state in by_path]
        yield Metric(f"disk_{name}", f"{meaning} of the file system that holds caches.", samples)


def _of_daily_run(run: Run | None, job: Schedule | None) -> Iterator[Metric]:
    values: list[tuple[str, str, float]] = []
    if run:
        values += [
            ("timestamp_seconds", "Start of the last daily run, in Unix time.", run.started.timestamp()),
            ("succeeded", "1 if the last daily run succeeded, else 0.", run.succeeded),
        ]
    if job:
        is_overdue = bool(daily_run.overdue_since(run, job.since))
        values += [
            ("scheduled", "1 if a timer or cron starts the daily run.", bool(job.since)),
            ("overdue", "1 if the last daily run is more than 36 h ago.", is_overdue),
        ]
    return _without_labels((f"daily_run_{name}", meaning, value) for name, meaning, value in values)
