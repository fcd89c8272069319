"""What docs/triggers.md and docs/how-to/be-told.md tell people to copy works."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from dokku_cache.purge import events

DOCS = Path(__file__).parents[3] / "docs"
TRIGGERS = (DOCS / "triggers.md").read_text()
NOTIFY = (DOCS / "how-to/be-told.md").read_text()


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def run(script: str, name: str, arguments: list[str], directory: Path, tool: str) -> str:
    """Run a script under a trigger's name, with a tool that only keeps what it is told; give that."""
    told = directory / "told"
    for path, text in (
        (directory / name, script),
        (directory / tool, f'#!/bin/sh\n{{ printf "%s\\n" "$@"; cat; }} >{told}\n'),
    ):
        path.write_text(text)
        path.chmod(0o755)
    subprocess.run(
        [directory / name, *arguments],
        env={"PATH": f"{directory}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        check=True,
    )
    return told.read_text()


@pytest.mark.parametrize(
    ("name", "arguments", "subject", "text"),
    [
        (
            events.PURGE_FAILED,
            ["shop", "legacy", "/home/dokku/shop/cache", "cron", "it is immutable"],
            "the build cache of shop was not purged",
            "/home/dokku/shop/cache (legacy), purged by cron: it is immutable",
        ),
        (
            events.PRESSURE,
            ["/home/dokku", "low", "1073741824", "42949672960", "", ""],
            "the disk of /home/dokku: low",
            "1.0G of 40G are free; 'dokku cache:list' shows what could go",
        ),
    ],
)
def test_the_how_to_sends_a_mail(tmp_path: Path, name: str, arguments: list[str], subject: str, text: str) -> None:
    (script,) = blocks(NOTIFY, "bash")
    head, body = run(script, name, arguments, tmp_path, "sendmail").split("\n\n", 1)
    assert head.splitlines()[:2] == ["-t", "To: root@localhost"]
    assert head.splitlines()[2].startswith(f"Subject: {subject}, on ")
    assert body == f"{text}\n"


def test_each_trigger_has_its_entry_with_an_example_that_runs(tmp_path: Path) -> None:
    entries = re.findall(r"^### `([\w-]+)`\n(.*?)(?=^###|\Z)", TRIGGERS, re.MULTILINE | re.DOTALL)
    assert [name for name, _ in entries] == [events.PURGED, events.PURGE_FAILED, events.PRESSURE]
    for number, (name, entry) in enumerate(entries):
        variables = re.findall(r"\$(\w+)", re.findall(r"^- Arguments: `(.*)`$", entry, re.MULTILINE)[0])
        (example,) = blocks(entry, "shell")
        assert [f'{name}="${place}"' for place, name in enumerate(variables, 1)] == re.findall(r'\w+="\$\d"', example)
        directory = tmp_path / str(number)
        directory.mkdir()
        said = run(example, name, [f"<{word}>" for word in variables], directory, "logger")
        assert f"<{variables[0]}>" in said
