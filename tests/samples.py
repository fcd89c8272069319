"""Run the samples in the docs and compare their output; ``tests/stage .venv/bin/python tests/samples.py``

A comment before a block of commands or output says where it is run:

``<!-- sample: SCENE -->``: on a server that ``tests/dokku/scene`` prepares. Each ``$ `` line is a command, followed
by its output. A block of ``shell`` or ``bash`` is one script, which has to succeed. Consecutive samples of one
scene run on the same server. Words after the scene, separated by commas: ``not installed``, ``asked`` (on a terminal,
every question is answered with yes), ``by: COMMAND`` (the block is the output of this command), ``part`` (the block
is a part of the output).

``<!-- picture: SCENE, COMMAND -->`` before an image: what the command prints on a terminal, as an SVG file.

``--write`` updates the pages and the pictures. Times, sizes, dates and ids are not compared, because they differ
between machines.
"""

import contextlib
import difflib
import io
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import scenes

PROJECT = Path(__file__).parents[1]
_BLOCK = re.compile(
    r"^<!-- sample: (?P<what>[^\n]*?) -->\n```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_PICTURE = re.compile(
    r"^<!-- picture: (?P<scene>[\w-]+), (?P<command>.+?) -->\n!\[.*?\]\((?P<file>.+?)\)$", re.MULTILINE
)
#: Printed only where something takes long.
_PROGRESS = r"^ +(Scanning|Deleting|Querying|Measuring)\b.*\n"
_MASKS = tuple(
    (re.compile(pattern, re.MULTILINE), put)
    for pattern, put in (
        (_PROGRESS, ""),
        (r"\d[\d,.]* ?[KMGT]i?B?\b|\d[\d,.]* B\b", "SIZE"),
        (r"\d+\.\d%", "N%"),
        (r"[\d,]+ of [\d,]+ inodes", "N of N inodes"),
        (r"\b\d+(\.\d+)? s\b", "N s"),
        (r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\+00:00)?)?", "DATE"),
        (r"\b\d{4}-\d\d\b", "MONTH"),
        (r"\b[0-9a-f]{12,64}\b", "ID"),
        (r"\b(bytes|seconds):( +)[\d.]+", r"\1: N"),
        (r"Dokku (?:prunes|does not prune) it daily: .*", "Dokku prunes it daily: WHY"),  # of the machine itself
        (r" {2,}", "  "),
        (r"[ \t]+$", ""),
    )
)


@dataclass(frozen=True)
class Block:
    """One sample: its position in the page, its comment, and its text."""

    page: Path
    start: int
    end: int
    language: str
    what: str
    body: str

    @property
    def scene(self) -> str:
        return self.what.split(",")[0]

    @property
    def words(self) -> list[str]:
        return [word.strip() for word in self.what.split(",")[1:]]

    @property
    def is_script(self) -> bool:
        return self.language != ""

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Return each command with its output; a command may continue after a backslash."""
        by = next((word.removeprefix("by: ") for word in self.words if word.startswith("by: ")), "")
        if by:
            return [(by, self.body)]
        parts = re.split(r"^\$ ((?:.*\\\n)*.*)\n", self.body, flags=re.MULTILINE)
        return list(zip(parts[1::2], parts[2::2], strict=True))


def pages() -> list[Path]:
    return [PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Return the samples of a page."""
    return [
        Block(page, *found.span("body"), found["language"], found["what"], found["body"])
        for found in _BLOCK.finditer(page.read_text())
    ]


def masked(text: str) -> str:
    """Return a text without everything that differs between machines."""
    for pattern, put in _MASKS:
        text = pattern.sub(put, text)
    return text.strip("\n")


def run(block: Block, server: scenes.Server) -> tuple[str, list[str]]:
    """Run a block; return its new text, and the differences from the old one."""
    if block.is_script:
        done = server.run(block.body, answers=scenes.YES if "asked" in block.words else None)
        failed = [f"exit code {done.returncode}", *done.stdout.splitlines()] if done.returncode else []
        return block.body, [*failed, *_tracebacks(done.stdout)]
    shown, differences = [], []
    for command, expected in block.steps:
        output = re.sub(_PROGRESS, "", server.there(server.run(command).stdout), flags=re.MULTILINE)
        differences += [*_differences(command, expected, output, is_part="part" in block.words), *_tracebacks(output)]
        written = expected if "part" in block.words else output
        written = re.sub(r"[ \t]+$", "", written, flags=re.MULTILINE)
        shown.append(written if not block.body.startswith("$ ") else f"$ {command}\n{written}")
    return "".join(shown), differences


def _tracebacks(output: str) -> list[str]:
    return [line for line in output.splitlines() if re.search("Traceback|Exception ignored", line)]


def _differences(command: str, expected: str, output: str, *, is_part: bool) -> list[str]:
    wanted, got = masked(expected).splitlines(), masked(output).splitlines()
    if is_part and wanted and any(got[at : at + len(wanted)] == wanted for at in range(len(got))):
        return []
    difference = list(difflib.unified_diff(wanted, got, "page", "shown", lineterm="", n=1))
    return [f"$ {command}", *difference] if difference else []


def compare(page: Path, *, writes: bool) -> Iterator[str]:
    """Run all samples of a page, each on its server; return the differences."""
    text, new = page.read_text(), {}
    with contextlib.ExitStack() as stack:
        before, server = "", None
        for block in blocks(page):
            if server is None or block.scene != before:
                stack.close()
                is_installed = "not installed" not in block.words
                server = stack.enter_context(scenes.server(block.scene, is_installed=is_installed))
                before = block.scene
            body, differences = run(block, server)
            if differences:
                new[block.start, block.end] = body
                where = f"{page.relative_to(PROJECT)}:{text[: block.start].count(chr(10)) + 1}"
                yield "\n".join([where, *differences])
    if writes:
        for (start, end), body in sorted(new.items(), reverse=True):
            text = text[:start] + body + text[end:]
        page.write_text(text)
        for picture in _PICTURE.finditer(text):
            with scenes.server(picture["scene"]) as server:
                shown = server.there(server.run(f"COLUMNS=140 {picture['command']} 2>/dev/null", answers="").stdout)
            draw(picture["command"], shown, page.parent / picture["file"])


def draw(command: str, shown: str, file: Path) -> None:
    """Write what a command shows on a terminal as an SVG file."""
    from rich._export_format import CONSOLE_SVG_FORMAT
    from rich.console import Console
    from rich.text import Text

    lines = Text.from_ansi(f"$ {command}\n{shown.replace(chr(13), '')}".rstrip())
    console = Console(record=True, file=io.StringIO(), width=max(map(len, lines.plain.splitlines())) + 2)
    console.print(lines, soft_wrap=True)
    # Without fonts from other sites.
    template = re.sub(r"@font-face {{.*?}}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    console.save_svg(str(file), title="dokku-cache", code_format=template)


def main(arguments: Sequence[str]) -> int:
    chosen = [Path(name).resolve() for name in arguments if name != "--write"] or pages()
    count = sum(len(blocks(page)) for page in chosen)
    differences = [found for page in chosen for found in compare(page, writes="--write" in arguments)]
    sys.stdout.write("\n".join([*differences, f"{count} samples, {len(differences)} of them differ", ""]))
    return 1 if differences or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
