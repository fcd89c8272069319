"""Writing docs/benchmarks.md: the only one who writes to it."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from datetime import datetime, timezone

from bench.timing import Contender, Result
from bench.workplace import of_cargo

_HEAD = """# Benchmarks

Written by `make bench` (`{command}`); do not edit.
Each question is put to all contenders in turn, A B A B. The figures are wall-clock times, of the whole command with
the start of its interpreter; the ratio is that of the medians, to the first contender in the table. A question
that is put alone (`bench/run --only QUESTION`) replaces its own tables only: each says when and on what file system
it was measured.

{machine}

"""


def add(path: str, command: str, file_system: str, result: Result) -> None:
    """Write a result to a file of Markdown, where it takes the place of one with the same title.

    ``command``: what was called; ``file_system``: what was measured on. It is written as soon as it is there: an
    hour's work is not lost with its last minute.
    """
    sections = _read_sections(path)
    sections[_heading(result.title)] = _section(result, file_system)
    _write(path, _HEAD.format(command=command, machine=_machine()), sections)


def keep(path: str, titles: Iterable[str]) -> None:
    """Leave only the results with these titles: what is no longer asked is no longer told."""
    sections, kept = _read_sections(path), {_heading(title) for title in titles}
    with open(path, encoding="utf-8") as page:
        head = page.read().partition("## ")[0]
    _write(path, head, {heading: text for heading, text in sections.items() if heading in kept})


def _write(path: str, head: str, sections: Mapping[str, str]) -> None:
    with open(path, "w", encoding="utf-8") as page:
        page.write(head + "\n".join(sections.values()))


def _read_sections(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8") as page:
            _, *parts = page.read().split("\n## ")
    except FileNotFoundError:
        return {}
    return {part.partition("\n")[0]: f"## {part}".rstrip("\n") + "\n" for part in parts}


def _heading(title: str) -> str:
    return f"{title[0].upper()}{title[1:]}"


def _section(result: Result, file_system: str) -> str:
    measured = f"Measured on {datetime.now(timezone.utc):%Y-%m-%d}, {file_system}."
    lines = [f"## {_heading(result.title)}", "", f"{result.note} {measured}".lstrip(), ""]
    if result.contenders:
        lines += ["| | command | runs | median | min to max | ratio |", "|---|---|---|---|---|---|"]
        lines += [_row(contender, result.contenders[0]) for contender in result.contenders]
        lines.append("")
    return "\n".join(lines)


def _row(contender: Contender, first: Contender) -> str:
    spread = f"{_time(min(contender.seconds))} to {_time(max(contender.seconds))}"
    ratio = f"{contender.median / first.median:.2f}"
    runs = len(contender.seconds)
    return f"| {contender.name} | `{contender.shown}` | {runs} | {_time(contender.median)} | {spread} | {ratio} |"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.{0 if seconds >= 0.1 else 1}f} ms"


def _machine() -> str:
    with open("/proc/meminfo", encoding="ascii") as file:
        memory = int(file.readline().split()[1]) >> 20
    load = " ".join(f"{figure:.1f}" for figure in os.getloadavg())
    now = datetime.now(timezone.utc)
    return (
        f"On {now:%Y-%m-%d}: {os.cpu_count()} processors, {memory} GB of memory, Linux {platform.release()}, Python "
        f"{platform.python_version()}, load average at the end {load}.\n\n"
        + "".join(f"- {name}: {version}\n" for name, version in _versions())
    )


def _versions() -> list[tuple[str, str]]:
    asked = {
        "du, rm (coreutils)": ["du", "--version"],
        "find (findutils)": ["find", "--version"],
        "gdu": ["gdu", "--version"],
        "diskus": [of_cargo("diskus") or "diskus", "--version"],
        "rmz": [of_cargo("rmz") or "rmz", "--version"],
        "Docker engine": ["docker", "version", "--format", "{{.Server.Version}}"],
    }
    found = []
    for name, command in asked.items():
        if shutil.which(command[0]):
            said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
            found.append((name, " ".join(said.splitlines()[0].split()) if said else "unknown"))
    return found
