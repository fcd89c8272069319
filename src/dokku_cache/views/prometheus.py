"""``cache:list`` for Prometheus, in its text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).

An unknown value has no sample: a 0 would be wrong, and would end alerts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from dokku_cache.dokku import daily_run
from dokku_cache.dokku.daily_run import Run, Schedule
from dokku_cache.model.cache import Cache
from dokku_cache.output import text
from dokku_cache.survey.disks import Disk
from dokku_cache.survey.inventory import Inventory


@dataclass(frozen=True)
class Metric:
    """One metric: its name, what it means, and its samples by their labels."""

    name: str
    meaning: str
    samples: Sequence[tuple[Mapping[str, str], float]]


def exposition(inventory: Inventory, run: Run | None = None, job: Schedule | None = None) -> str:
    """Return an inventory, the last daily run and its schedule in the text format, without the last newline."""
    metrics = [*_metrics(inventory), *_of_daily_run(run, job)]
    return "\n".join(line for metric in metrics if metric.samples for line in _lines(metric))


def _lines(metric: Metric) -> Iterator[str]:
    yield f"# HELP {metric.name} {metric.meaning}"
    yield f"# TYPE {metric.name} gauge"
    for labels, value in metric.samples:
        listed = ",".join(f'{name}="{_escape(label)}"' for name, label in labels.items())
        number = int(value) if isinstance(value, bool) else value
        yield f"{metric.name}{{{listed}}} {number}" if listed else f"{metric.name} {number}"


def _escape(label: str) -> str:
    # The format is UTF-8: every reader would refuse invalid Unicode.
    return text.printable(label).replace("\\", r"\\").replace('"', r"\"")


def _metrics(inventory: Inventory) -> Iterator[Metric]:
    yield from _of_caches(inventory.caches)
    yield from _of_engine(inventory)
    yield from _of_sums(inventory)
    yield from _of_disks(inventory.disks)


def _of_daily_run(run: Run | None, job: Schedule | None) -> Iterator[Metric]:
    if run:
        yield Metric(
            "dokku_cache_daily_run_timestamp_seconds",
            "Start of the last daily run, in Unix time.",
            [({}, run.started.timestamp())],
        )
        yield Metric(
            "dokku_cache_daily_run_succeeded", "1 if the last daily run succeeded, else 0.", [({}, run.succeeded)]
        )
    if job:
        overdue = daily_run.overdue_since(run, job.since)
        yield Metric(
            "dokku_cache_daily_run_scheduled", "1 if a timer or cron starts the daily run.", [({}, bool(job.since))]
        )
        yield Metric(
            "dokku_cache_daily_run_overdue", "1 if the last daily run is more than 36 h ago.", [({}, bool(overdue))]
        )


def _of_sums(inventory: Inventory) -> Iterator[Metric]:
    total, purgeable = inventory.total, inventory.purgeable
    sums = [
        ("total_bytes", "Sum of the known sizes of all build caches.", total.size_bytes),
        ("total_complete", "1 if dokku_cache_total_bytes includes every size, else 0.", total.is_complete),
    ]
    if purgeable is not None:
        sums += [
            ("purgeable_bytes", "Bytes that cache:purge-legacy --all would free.", purgeable.size_bytes),
            ("purgeable_caches", "Legacy caches that cache:purge-legacy --all would remove.", purgeable.caches),
        ]
    for name, meaning, value in sums:
        yield Metric(f"dokku_cache_{name}", meaning, [({}, value)])


def _of_disks(disks: Sequence[Disk]) -> Iterator[Metric]:
    by_path = [({"path": path}, disk.state) for disk in disks for path in disk.paths]
    for name, meaning, samples in (
        ("size_bytes", "Size of the file system", [(labels, state.total_bytes) for labels, state in by_path]),
        ("used_bytes", "Used space of the file system", [(labels, state.used_bytes) for labels, state in by_path]),
        ("free_bytes", "Free space of the file system", [(labels, state.free_bytes) for labels, state in by_path]),
        (
            "inodes",
            "Inodes of the file system",
            [(labels, state.total_inodes) for labels, state in by_path if state.total_inodes is not None],
        ),
        (
            "free_inodes",
            "Free inodes of the file system",
            [(labels, state.free_inodes) for labels, state in by_path if state.free_inodes is not None],
        ),
    ):
        yield Metric(f"dokku_cache_disk_{name}", f"{meaning} that holds caches.", samples)


def _of_caches(caches: Sequence[Cache]) -> Iterator[Metric]:
    yield Metric(
        "dokku_cache_size_bytes",
        "Size of a build cache.",
        [(_labels(cache), cache.size_bytes) for cache in caches if cache.size_bytes is not None],
    )
    yield Metric(
        "dokku_cache_files",
        "Files in a build cache.",
        [(_labels(cache), cache.files) for cache in caches if cache.files is not None],
    )
    yield Metric(
        "dokku_cache_last_modified_timestamp_seconds",
        "Time of the last modification in a build cache, in Unix time.",
        [(_labels(cache), cache.last_modified.timestamp()) for cache in caches if cache.last_modified],
    )
    yield Metric(
        "dokku_cache_info",
        "State of a build cache and of its app, in labels; always 1.",
        [({**_labels(cache), "state": cache.state, "app_state": _app_state(cache)}, 1) for cache in caches],
    )


def _of_engine(inventory: Inventory) -> Iterator[Metric]:
    known = inventory.build_cache
    if known:
        yield Metric(
            "dokku_cache_engine_build_cache_size_bytes",
            "Size of Docker's build cache.",
            [({}, known.size_bytes)],
        )
        yield Metric(
            "dokku_cache_engine_build_cache_reclaimable_bytes",
            "Reclaimable part of Docker's build cache.",
            [({}, known.reclaimable_bytes)],
        )
    if inventory.daily_prune:
        yield Metric(
            "dokku_cache_daily_prune_can_work",
            "1 if the daily prune that Dokku installs can work on this server.",
            [({}, inventory.daily_prune.can_work)],
        )


def _labels(cache: Cache) -> dict[str, str]:
    """Return the labels that never change while the cache exists."""
    return {"app": cache.app, "kind": cache.kind.value, "location": cache.location}


def _app_state(cache: Cache) -> str:
    return cache.app_state.value if cache.app_state else ""
