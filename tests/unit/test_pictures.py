"""The pictures in docs/: a small terminal, drawn so that columns line up in every renderer."""

import re
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from drawing import SIZE, WIDTH, Frame, film, plain, still
from terminal import Screen, run

DOCS = Path(__file__).parents[2] / "docs"
SVG = "{http://www.w3.org/2000/svg}"


def screen(text: str, columns: int = 40, rows: int = 10) -> Screen:
    made = Screen(columns, rows)
    made.write(text)
    return made


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a\r\nb", "a\nb"),
        ("old\rnew", "new"),
        ("a bar\r\x1b[2Kdone", "done"),
        ("one\r\ntwo\x1b[1A\r\x1b[Kx", "x\ntwo"),
        ("\x1b[?25l\x1b[1;38;5;197mx\x1b[0m\x1b[?25h", "x"),
        ("abc\b\bX", "aXc"),
        ("0123456789", "01234\n56789"),
        ("1\r\n2\r\n3\r\n4", "2\n3\n4"),
    ],
)
def test_a_screen_shows_what_a_terminal_shows(written: str, shown: str) -> None:
    assert plain(screen(written, columns=5, rows=3).shown()) == shown


def test_a_cell_keeps_its_color_and_its_weight() -> None:
    (row,) = screen("\x1b[1;33ma\x1b[0mb\x1b[38;5;197mc\x1b[2;38;2;1;2;3md").shown()
    assert [(cell.style.color, cell.style.is_bold, cell.style.is_dim) for cell in row] == [
        ("yellow", True, False),
        ("", False, False),
        ("#ff005f", False, False),
        ("#010203", False, True),
    ]


def test_a_command_sees_a_terminal_of_that_size() -> None:
    script = "test -t 1 && stty size"
    pieces = run(["bash", "-c", script], {"PATH": "/usr/bin:/bin"}, columns=91, rows=7)
    assert "".join(text for _, text in pieces) == "7 91\r\n"


def test_each_character_has_a_place_of_its_own() -> None:
    drawn = ElementTree.fromstring(still("a", screen("ab  c\x1b[31md\r\n<&>").shown(), 40))
    texts = [(text.text, text.get("x")) for text in drawn.iter(f"{SVG}text")]
    assert texts == [("ab", "18 27"), ("c", "54"), ("d", "63"), ("<&>", "18 27 36")]
    assert WIDTH / SIZE == 0.6


def test_a_film_shows_each_row_for_as_long_as_it_stands_and_ends_with_the_last() -> None:
    frames = [Frame(screen(text).shown(), 1.0) for text in ("a", "a\r\nb", "c\r\nb")]
    drawn = film("a film", frames, 40, 10)
    rows = re.findall(r'<g class="(r[ l]*)" style="animation-name:(k\d+)"><text[^>]*>(\w)', drawn)
    assert rows == [("r", "k0", "a"), ("r l", "k1", "c"), ("r l", "k2", "b")] or {row[2] for row in rows} == set(
        "abc"
    )
    times = {letter: re.search(rf"@keyframes {name}{{(.*?}})}}", drawn) for _, name, letter in rows}
    assert times["a"]
    assert times["a"][1] == "0.000%{visibility:visible}66.667%{visibility:hidden}"
    assert times["b"]
    assert times["b"][1] == "0%{visibility:hidden}33.333%{visibility:visible}"
    assert "<desc>c\nb</desc>" in drawn


@pytest.mark.parametrize("picture", sorted(DOCS.glob("*.svg")), ids=lambda picture: picture.name)
def test_a_picture_needs_no_width_of_a_font_and_nothing_from_elsewhere(picture: Path) -> None:
    text = picture.read_text()
    for word in ("textLength", "@font-face", "url(", "<script", "<image", "href"):
        assert word not in text
    for element in ElementTree.fromstring(text).iter(f"{SVG}text"):
        places = [int(place) for place in (element.get("x") or "").split()]
        assert len(places) == len(element.text or "")
        assert all(later - earlier == WIDTH for earlier, later in pairwise(places))


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        ("cache-list", ["legacy", "herokuish", "pack", "buildkit", "engine", "(ghost)", "(gone)", "inodes free"]),
        ("purge", ["entries deleted", "freed", "-> "]),
        ("film", ["cache:list", "cache:purge-legacy", "cache:history"]),
    ],
)
def test_a_picture_shows_all_that_it_is_there_for(picture: str, words: list[str]) -> None:
    drawn = ElementTree.fromstring((DOCS / f"{picture}.svg").read_text())
    told = "".join(drawn.itertext())
    for word in words:
        assert all(part in told for part in word.split()), word
