"""Writing docs/benchmarks.md: the only one who writes to it."""

import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone

from bench.timing import Contender, Result
from bench.workplace import of_cargo

_HEAD = """# Benchmarks

Written by `make bench` (`{command}`); do not edit.
Each question is put to all contenders in turn, A B A B. The figures are wall-clock times, of the whole command with
the start of its interpreter; the ratio is that of the medians, to the first contender in the table. A question
that is put alone (`bench/run --only QUESTION`) replaces its own tables only.

{machine}

"""


def write(path: str, command: str, results: Sequence[Result]) -> None:
    """Write results to a file of Markdown, where they take the place of those with the same title."""
    sections = _read_sections(path)
    sections.update((_heading(result), _section(result)) for result in results)
    with open(path, "w", encoding="utf-8") as page:
        page.write(_HEAD.format(command=command, machine=_machine()))
        page.write("\n".join(sections.values()))


def _read_sections(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8") as page:
            _, *parts = page.read().split("\n## ")
    except FileNotFoundError:
        return {}
    return {part.partition("\n")[0]: f"## {part}".rstrip("\n") + "\n" for part in parts}


def _heading(result: Result) -> str:
    return f"{result.title[0].upper()}{result.title[1:]}"


def _section(result: Result) -> str:
    lines = [f"## {_heading(result)}", ""]
    if result.note:
        lines += [result.note, ""]
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
        f"{platform.python_version()}, {_file_system()}, load average at the end {load}.\n\n"
        + "".join(f"- {name}: {version}\n" for name, version in _versions())
    )


def _file_system() -> str:
    done = subprocess.run(
        ["stat", "-f", "-c", "%T", os.environ["DOKKU_ROOT"]], capture_output=True, text=True, check=True
    )
    return f"file system {done.stdout.strip()}"


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
