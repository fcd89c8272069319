"""The samples in the pages, run as a user would and compared; ``tests/stage .venv/bin/python tests/samples.py``

In front of a block of commands, or of what they show, stands a comment that says where it is run:

``<!-- sample: SCENE -->``: on a server that ``tests/dokku/scene`` lays out; each ``$ `` line is a command, what
follows is what it shows. A block of ``shell`` or ``bash`` is one script, which has to succeed. Behind the scene,
after commas, stand: ``anew`` (on a new server; else all of a page's samples of one scene follow each other), ``not
installed``, ``asked`` (on a terminal, with a yes to each question), ``by: COMMAND`` (shows it without its name),
``part`` (of it only these lines are in the page).

``<!-- not run: REASON -->``: why it is not.

With ``--write`` the pages get what was shown. Times, sizes, dates and ids are not compared: no two machines have
them alike.
"""

import contextlib
import difflib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import scenes

PROJECT = Path(__file__).parents[1]
_BLOCK = re.compile(
    r"^(?:<!-- (?P<how>sample|not run): (?P<what>[^\n]*?) -->\n)?```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
#: What is run or shown in a terminal.
SHELLS = {"", "shell", "bash"}
_MASKS = tuple(
    (re.compile(pattern, re.MULTILINE), put)
    for pattern, put in (
        (r"^ +(Measuring|Deleting|Looking|Asking)\b.*\n", ""),  # how far it is, now and then, where it takes long
        (r"\d[\d,.]* ?[KMGT]i?B?\b|\d[\d,.]* B\b", "SIZE"),
        (r"\d+\.\d %", "N %"),
        (r"[\d,]+ of [\d,]+ inodes", "N of N inodes"),
        (r"\b\d+(\.\d+)? s\b", "N s"),
        (r"\b\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?(\+00:00)?)?", "DATE"),
        (r"\b\d{4}-\d\d\b", "MONTH"),
        (r"\b[0-9a-f]{12,64}\b", "ID"),
        (r"\b(bytes|seconds):( +)[\d.]+", r"\1: N"),
        (r"(daily prune cannot work|daily prune can work): .*?(?=\)?$)", r"\1: WHY"),  # of the machine itself
        (r" {2,}", "  "),
        (r"[ \t]+$", ""),
    )
)


@dataclass(frozen=True)
class Block:
    """One fenced block: where it stands, what its comment says, and its text."""

    page: Path
    start: int
    end: int
    language: str
    how: str
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
    def is_usage(self) -> bool:
        """How a command is called, which is neither run nor shown."""
        return self.language == "" and self.body.startswith("cache:")

    @property
    def steps(self) -> list[tuple[str, str]]:
        """Give each command with what it shows; a command may go on behind a backslash."""
        by = next((word.removeprefix("by: ") for word in self.words if word.startswith("by: ")), "")
        if by:
            return [(by, self.body)]
        parts = re.split(r"^\$ ((?:.*\\\n)*.*)\n", self.body, flags=re.MULTILINE)
        return list(zip(parts[1::2], parts[2::2], strict=True))


def pages() -> list[Path]:
    made = PROJECT / "docs/reference.md"  # from the program itself, by tests/reference.py
    return [PROJECT / "README.md", *(page for page in sorted((PROJECT / "docs").rglob("*.md")) if page != made)]


def blocks(page: Path) -> list[Block]:
    """Give those blocks of a page that are typed, or shown by a terminal."""
    return [
        Block(page, *found.span("body"), found["language"], found["how"] or "", found["what"] or "", found["body"])
        for found in _BLOCK.finditer(page.read_text())
        if found["language"] in SHELLS
    ]


def masked(text: str) -> str:
    """Give a text without what no two machines have alike."""
    for pattern, put in _MASKS:
        text = pattern.sub(put, text)
    return text.strip("\n")


def run(block: Block, server: scenes.Server) -> tuple[str, list[str]]:
    """Run a block; give its new text, and what differs from the one that it has."""
    if block.is_script:
        done = server.run(block.body, is_asked="asked" in block.words)
        failed = [f"exit code {done.returncode}", *done.stdout.splitlines()] if done.returncode else []
        return block.body, [*failed, *_tracebacks(done.stdout)]
    shown, differences = [], []
    for command, expected in block.steps:
        output = server.there(server.run(command).stdout)
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
    """Run all samples of a page, each on its server; give what differs."""
    text, new = page.read_text(), {}
    with contextlib.ExitStack() as stack:
        before, server = "", None
        for block in blocks(page):
            if block.how != "sample":
                continue
            if server is None or block.scene != before or "anew" in block.words:
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


def main(arguments: Sequence[str]) -> int:
    chosen = [Path(name).resolve() for name in arguments if name != "--write"] or pages()
    count = sum(1 for page in chosen for block in blocks(page) if block.how == "sample")
    differences = [found for page in chosen for found in compare(page, writes="--write" in arguments)]
    sys.stdout.write("\n".join([*differences, f"{count} samples, {len(differences)} of them differ", ""]))
    return 1 if differences or not count else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
