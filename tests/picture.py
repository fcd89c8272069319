"""``tests/stage python3 tests/picture.py [--check]``: draws the pictures in docs/ anew, from real runs.

What no two machines have alike is put in the place of what was shown: ids, times, how long it took. With ``--check``
nothing is written, and it fails where a picture shows other words than the program.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import samples
import scenes
from drawing import Frame, film, plain, still
from terminal import Row, Screen, run

DOCS = Path(__file__).parents[1] / "docs"
COLUMNS, FILM_COLUMNS, FILM_ROWS = 126, 126, 32
#: Seconds for a letter that is typed, and so long all of a purge's progress is shown, however long it took.
_LETTER, _PROGRESS = 0.06, 2.5
_MOST_FRAMES = 8
#: What is typed in the film, and how long its outcome is looked at, in seconds.
_FILM = (
    ("dokku cache:list", 7.0),
    ("dokku cache:purge-legacy --all --dry-run", 4.0),
    ("dokku cache:purge-legacy shop", 3.0),
    ("dokku cache:purge-legacy wiki", 4.0),
    ("dokku cache:purge-volumes --orphaned --force", 3.0),
    ("dokku cache:history", 6.0),
)


def screens(server: scenes.Server, screen: Screen, command: str, columns: int) -> Iterator[tuple[Row, ...]]:
    """Run a command on a screen; give what that shows after each piece."""
    for _, text in run(["bash", "-c", command], server.environment, columns, FILM_ROWS):
        screen.write(server.there(text))
        yield screen.shown()


def prompt(screen: Screen, command: str) -> None:
    screen.write(f"\x1b[1;32m$ {command}\x1b[0m\r\n")


def trimmed(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Give rows without empty ones at the end."""
    kept = list(rows)
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)


def draw_list(server: scenes.Server) -> str:
    screen = Screen(COLUMNS, 60)
    prompt(screen, "dokku cache:list")
    # Progress is shown while it measures, and gone in the end.
    *_, shown = screens(server, screen, "dokku cache:list 2>/dev/null", COLUMNS)
    return still("dokku cache:list", trimmed(shown), COLUMNS)


def draw_purge(server: scenes.Server) -> str:
    """Draw the bar in the middle of a purge, and below it what is said in the end."""
    command = "dokku cache:purge-legacy shop"
    screen = Screen(COLUMNS, 60)
    prompt(screen, command)
    shown = list(screens(server, screen, command, COLUMNS))
    bars = [(_share(rows), rows) for rows in shown if "entries deleted" in plain(rows)]
    middle = min(bars, key=lambda bar: abs(bar[0] - 0.5))[1]
    return still(command, (*trimmed(middle), *trimmed(shown[-1])[1:]), COLUMNS)


def _share(rows: Sequence[Row]) -> float:
    found = re.search(r"([\d,]+) of ([\d,]+) entries deleted", plain(rows))
    done, total = (int(number.replace(",", "")) for number in found.groups()) if found else (0, 1)
    return done / total


def draw_film(server: scenes.Server) -> str:
    frames: list[Frame] = []
    screen = Screen(FILM_COLUMNS, FILM_ROWS)
    for command, seconds in _FILM:
        if command == _FILM[1][0]:
            screen.clear()
        for end in range(len(command) + 1):
            screen.write(f"\r\x1b[1;32m$ {command[:end]}\x1b[0m")
            frames.append(Frame(screen.shown(), _LETTER))
        screen.write("\r\n")
        *moving, last = screens(server, screen, command, FILM_COLUMNS)
        bars = [rows for rows in moving if "entries deleted" in plain(rows)]
        chosen = bars[:: -(-len(bars) // _MOST_FRAMES) or 1]
        frames += [Frame(rows, _PROGRESS / len(chosen)) for rows in chosen]
        frames.append(Frame(last, seconds))
    return film("dokku-cache at work", frames, FILM_COLUMNS, FILM_ROWS)


def described(svg: str) -> str:
    """Give the words of a picture, without the bar, which no two runs have alike, and as samples are compared."""
    found = re.search(r"<desc>(.*?)</desc>", svg, re.DOTALL)
    return re.sub(r"^ *Deleting .*\n", "", samples.masked(found[1] if found else ""), flags=re.MULTILINE)


def main(arguments: Sequence[str]) -> int:
    differs = False
    for name, draw in (("cache-list", draw_list), ("purge", draw_purge), ("film", draw_film)):
        with scenes.server("server") as server:
            drawn = draw(server)
        path = DOCS / f"{name}.svg"
        if "--check" not in arguments:
            path.write_text(drawn)
            sys.stdout.write(f"Drawn: docs/{name}.svg\n")
        elif described(drawn) != described(path.read_text()):
            differs = True
            sys.stdout.write(f"docs/{name}.svg shows other words than the program: 'make picture' draws it\n")
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
