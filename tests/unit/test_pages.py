"""The pages: links lead somewhere, samples are run, and README stays short."""

import re
from pathlib import Path

import pytest
import samples
from samples import Block, blocks, masked, pages

PROJECT = Path(__file__).parents[2]
PAGES = sorted(
    path
    for path in (
        *PROJECT.glob("*.md"),
        *PROJECT.glob(".github/**/*.md"),
        *PROJECT.glob("docs/**/*.md"),
        *PROJECT.glob("tests/**/*.md"),
    )
)
#: Of two hundred and more lines nobody finds the one that is needed at night.
README_LINES = 150
#: Each with its reason; a new one needs one that is as good.
NOT_RUN = 8


def named(path: Path) -> str:
    return str(path.relative_to(PROJECT))


def anchors(page: Path) -> set[str]:
    """Give the anchors of a page, as GitHub makes them of its headings."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.*)$", text, re.MULTILINE):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        found.add(anchor)
    return found


def links(page: Path) -> list[str]:
    """Give where a page leads to within this repository."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in found if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_each_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    for target in links(page):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def test_each_page_is_reached_from_the_readme() -> None:
    reached, left = {PROJECT / "README.md"}, [PROJECT / "README.md"]
    while left:
        page = left.pop()
        targets = {(page.parent / target.split("#")[0]).resolve() for target in links(page)}
        new = {target for target in targets if target.suffix == ".md" and target.exists()} - reached
        reached |= new
        left += new
    assert {page for page in PAGES if page.is_relative_to(PROJECT / "docs")} <= reached


def test_the_readme_is_read_in_one_go() -> None:
    assert len((PROJECT / "README.md").read_text().splitlines()) <= README_LINES


ALL = [block for page in pages() for block in blocks(page)]


def test_each_block_of_a_terminal_is_a_sample_or_says_why_it_is_not_run() -> None:
    bare = [
        f"{named(block.page)}: {block.body.splitlines()[0]}" for block in ALL if not block.how and not block.is_usage
    ]
    assert bare == []


def test_few_blocks_are_not_run_and_each_has_its_reason() -> None:
    reasons = [block.what for block in ALL if block.how == "not run"]
    assert all(len(reason.split()) > 4 for reason in reasons)
    assert len(reasons) <= NOT_RUN


def test_a_sample_names_a_scene_that_there_is() -> None:
    scenes = set(re.findall(r"^scene_(\w+)\(\)", (PROJECT / "tests/dokku/scene").read_text(), re.MULTILINE))
    used = {block.scene for block in ALL if block.how == "sample"}
    assert used <= scenes
    assert scenes - used == set()


def test_a_sample_shows_something_and_each_of_its_words_is_known() -> None:
    for block in ALL:
        if block.how == "sample":
            assert block.is_script or block.steps, block.what
            assert all(
                word in {"anew", "not installed", "asked", "part"} or word.startswith("by: ") for word in block.words
            )


def made(body: str, what: str = "app", language: str = "") -> Block:
    return Block(PROJECT / "README.md", 0, 0, language, "sample", what, body)


def test_a_block_is_split_into_commands_and_what_they_show() -> None:
    assert made("$ dokku a\none\ntwo\n$ dokku b \\\n  c\nthree\n").steps == [
        ("dokku a", "one\ntwo\n"),
        ("dokku b \\\n  c", "three\n"),
    ]
    assert made("shown\n", "app, by: dokku a").steps == [("dokku a", "shown\n")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("shop  1.9 GiB  orphaned", "shop       940.0 MiB  orphaned"),
        ("freed 62.5 MiB in 0.9 s", "freed 0 B in 12 s"),
        ("2026-11-25 23:12  oldblog", "2027-01-01 00:00  oldblog"),
        ("(running, 3b1f0c9d2a77)", "(running, 0123456789ab)"),
        ("a\n       Measuring shop: 10 entries, 5 KiB\nb", "a\nb"),
    ],
)
def test_what_no_two_machines_have_alike_is_not_compared(one: str, other: str) -> None:
    assert masked(one) == masked(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("shop  1.9 GiB  orphaned", "shop  1.9 GiB  recent"),
        ("removed 20,000 files", "removed 20,001 files"),
        ("Nothing was removed", "Nothing was removed."),
        ("kept: container a mounts it", "kept: container b mounts it"),
        ("a\nb", "a b"),
    ],
)
def test_a_message_that_changed_is_noticed(one: str, other: str) -> None:
    assert masked(one) != masked(other)


class Answering:
    """Stands in for a server that shows what it was told."""

    def __init__(self, output: str, returncode: int = 0) -> None:
        self.stdout = output
        self.returncode = returncode

    def run(self, command: str, *, is_asked: bool = False) -> "Answering":
        return self

    def there(self, text: str) -> str:
        return text


def test_a_sample_that_differs_is_told_and_can_be_written_anew() -> None:
    block = made("$ dokku a\nold words\n")
    assert samples.run(block, Answering("old words\n")) == (block.body, [])  # type: ignore[arg-type]
    body, differences = samples.run(block, Answering("new words\n"))  # type: ignore[arg-type]
    assert body == "$ dokku a\nnew words\n"
    assert differences[0] == "$ dokku a"
    assert "-old words" in differences
    assert "+new words" in differences


def test_a_script_that_fails_is_told_and_so_is_a_traceback() -> None:
    script = made("dokku a\n", language="shell")
    assert samples.run(script, Answering("well\n"))[1] == []  # type: ignore[arg-type]
    assert samples.run(script, Answering("no\n", 1))[1] == ["exit code 1", "no"]  # type: ignore[arg-type]
    assert samples.run(script, Answering("Traceback (most recent\n"))[1] == ["Traceback (most recent"]  # type: ignore[arg-type]


def test_a_part_is_looked_for_in_all_that_is_shown() -> None:
    block = made("two\n", "app, by: dokku a, part")
    assert samples.run(block, Answering("one\ntwo\nthree\n"))[1] == []  # type: ignore[arg-type]
    assert samples.run(block, Answering("one\nthree\n"))[1]  # type: ignore[arg-type]
