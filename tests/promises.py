"""What the plugin promises, and which tests hold it to that; as a program it writes docs/promises.md.

A test says in a comment right above it (and its decorators) with which promises it would fail: `# promise: links`,
in pytest's files and in those of bats alike.
"""

import re
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parents[1]
PAGE = PROJECT / "docs/promises.md"
_MARK = re.compile(r"^\s*# promise: (.+)$")
_TEST = re.compile(r'^(?:\s*def (test_\w+)\(|class (Test\w+)[(:].*|@test "(.+)" \{$)')
_ABOVE_A_TEST = re.compile(r"^\s*(@(?!test)|#|\)|\]|[^\n]*[,\[(]$|\s{4,}\S)")


@dataclass(frozen=True)
class Promise:
    """One promise. ``key``: its name in a test's comment; ``kept``: how, with files; ``open``: what remains."""

    key: str
    text: str
    kept: str
    open: str = "Nothing that we know of."


PROMISES = (
    Promise(
        "outside",
        "Nothing outside of a legacy cache is ever deleted, changed, or given to somebody else.",
        "All work is done relative to a directory that is held open (`src/dokku_cache/tree/handles.py`, "
        "`src/dokku_cache/tree/descent.py`); two files alone unlink anything "
        "(`src/dokku_cache/legacy/remove.py`, `src/dokku_cache/legacy/emptying.py`), and only what was "
        "renamed to trash.",
        "Who is root on the machine may exchange what he likes between two calls to the kernel; against that,"
        " nothing helps.",
    ),
    Promise(
        "links",
        "No symbolic link is followed below an app's directory, when looking, measuring or deleting.",
        "Every open has `O_NOFOLLOW` (`src/dokku_cache/tree/handles.py`); a cache that is a link is unsafe "
        "(`src/dokku_cache/legacy/sighting.py`).",
    ),
    Promise(
        "mounts",
        "What is mounted into a cache is neither entered nor unmounted.",
        "The kernel's table is read before anything is renamed and again afterwards "
        "(`src/dokku_cache/tree/mounts.py`); each directory is entered only by the mount that the tree is on;"
        " the bind into the helper is not recursive (`src/dokku_cache/engine/helper.py`).",
        "What is mounted in another mount namespace than Dokku's and the engine's is not seen; a mount from "
        "the cache keeps its content only as long as the namespace that has it.",
    ),
    Promise(
        "ghost",
        "A ghost app's directory goes by `rmdir` alone, so that whatever came into it keeps it.",
        "`src/dokku_cache/legacy/remove.py` (remove_ghost), after a look whether the name still leads to the "
        "same directory.",
    ),
    Promise(
        "use",
        "Nothing that something uses is removed: a container, running or not, an option or storage entry of "
        "any app, a mount, the host's nginx, a deploy that runs.",
        "`src/dokku_cache/survey/facts.py` asks each source, `src/dokku_cache/legacy/classify.py` decides.",
        "A process of the host that merely has a file of a cache open is not looked for: it keeps what it has"
        " open, and the quiet time is what protects who writes.",
    ),
    Promise(
        "unknown",
        "What cannot be found out counts as used: an engine that is silent, a version, an option or a mount "
        "table that cannot be read.",
        "`src/dokku_cache/legacy/proof.py` has three answers, yes, no and not known; only a yes lets anything go.",
    ),
    Promise(
        "proof",
        "A cache goes only where it is shown that it lies in an app, that builds wrote it, and that it is "
        "quiet; doubts are for a person.",
        "`src/dokku_cache/evidence/place.py`, `src/dokku_cache/evidence/writer.py`, "
        "`src/dokku_cache/evidence/quiet.py`; what each asker may remove is one table "
        "(`src/dokku_cache/legacy/state.py`).",
        "That builds wrote it is told by owners alone: where Dokku's own image gives everything to user "
        "dokku, the other proofs have to bear it.",
    ),
    Promise(
        "killed",
        "A purge that is killed, or meets an error, at any point loses nothing that it should have kept, and "
        "the next one ends it.",
        "The cache is renamed before anything of it is deleted (`src/dokku_cache/legacy/remove.py`), and "
        "trash is found again by its name (`src/dokku_cache/legacy/sighting.py`).",
        "A machine that loses power may forget the newest renames, as its file system does; then the cache is"
        " there under its old name, wholly or in part.",
    ),
    Promise(
        "together",
        "Two purges, or a purge and a deploy, at the same time both end well.",
        "A lock on the app's directory, and Dokku's deploy lock, which is only looked at "
        "(`src/dokku_cache/dokku/locks.py`).",
    ),
    Promise(
        "last",
        "What matters is checked again right before the rename, and who uses it once more right after.",
        "`src/dokku_cache/purge/purger.py` (under the lock), `src/dokku_cache/purge/volume_purger.py`.",
        "Between the last answer of the engine and the first deletion there is a moment in which a container "
        "can mount the trash, if it knows its random name.",
    ),
    Promise(
        "helper",
        "What belongs to other users is deleted by a container that has one directory, no network, a "
        "read-only root, two capabilities and an image made on this machine, and that is gone afterwards.",
        "`src/dokku_cache/engine/helper.py`, `src/dokku_cache/engine/helper_image.py`.",
    ),
    Promise(
        "isolated",
        "No code from the working directory, the user's environment or an app's source is ever loaded.",
        "`src/call` starts `python3 -I`; `src/dokku_cache/modules.py` puts the distribution's modules first.",
        "What root has put into Python's own directories is trusted.",
    ),
    Promise(
        "sizes",
        "Sizes are what `du` says: allocated blocks, hard links once.",
        "`src/dokku_cache/tree/walk.py`, `src/dokku_cache/tree/measurement.py`; where user dokku may not "
        "read, the helper.",
        "On file systems that share blocks between files (reflinks), less may get free, as for `du`.",
    ),
    Promise(
        "names",
        "Names are bytes, paths may be longer than the kernel takes at once, directories may hold a million entries.",
        "`src/dokku_cache/tree/descent.py`, `src/dokku_cache/tree/contents.py`.",
    ),
    Promise(
        "gone",
        "Gone means that a last look finds nothing: otherwise it is said that something is left.",
        "`src/dokku_cache/legacy/remove.py`, `src/dokku_cache/purge/volume_purger.py`.",
    ),
    Promise(
        "space",
        "A purge needs no free disk space of its own, and what Docker needs for its container is said before "
        "anything is lost.",
        "No temporary file; what is needed is asked for before the rename (`src/dokku_cache/purge/purger.py`).",
    ),
    Promise(
        "limits",
        "No call to Docker waits without a limit.",
        "`src/dokku_cache/engine/client.py`, `src/dokku_cache/engine/patience.py`, "
        "`src/dokku_cache/engine/attachment.py`.",
    ),
    Promise(
        "empty-name",
        "An empty app name builds no path, and an app named `cache` is like any other.",
        "`src/dokku_cache/tree/handles.py` refuses such a name by itself.",
    ),
    Promise(
        "looking",
        "Who only looks, or is refused, changes nothing.",
        "A client of the engine that can ask for nothing else (`src/dokku_cache/engine/looking.py`).",
    ),
    Promise(
        "harmless",
        "No trigger of this plugin fails, ends or holds up a deploy or another plugin, unless a refusal was "
        "asked for.",
        "`src/dokku_cache/automatic/detached.py`, `src/dokku_cache/automatic/logged.py`, `triggers/post-deploy`.",
        "A destroy waits for its cache to be deleted, because Dokku's own recursive delete comes next.",
    ),
    Promise(
        "volumes",
        "A cache volume goes only where nothing mounts or names it, and nobody but its own app's builds can need it.",
        "`src/dokku_cache/volumes/state.py`, `src/dokku_cache/volumes/plan.py`; the engine removes it without"
        " force (`src/dokku_cache/engine/volume_calls.py`).",
        "A volume of an app of a second Dokku on the same engine is told by that app's containers and images alone.",
    ),
    Promise(
        "policy",
        "By itself the plugin removes only what its settings allow, and the app's own setting is stronger "
        "than the global one.",
        "`src/dokku_cache/dokku/policy.py`, `src/dokku_cache/dokku/skip_cleanup.py`, "
        "`src/dokku_cache/automatic/sweep.py`.",
    ),
)


@dataclass(frozen=True)
class Found:
    """What a file of tests says: each marked test with its promises, and the lines of comments above no test."""

    tests: tuple[tuple[str, tuple[str, ...]], ...]
    astray: tuple[int, ...]


def read(path: Path) -> Found:
    """Read the marks of one file. Between a mark and its test there are comments and decorators alone."""
    tests: list[tuple[str, tuple[str, ...]]] = []
    astray: list[int] = []
    keys: tuple[str, ...] = ()
    marked = 0
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if mark := _MARK.match(line):
            keys, marked = tuple(key.strip() for key in mark[1].split(",")), number
        elif keys and (test := _TEST.match(line)):
            tests.append((test[test.lastindex or 0], keys))
            keys = ()
        elif keys and not _ABOVE_A_TEST.match(line):
            astray.append(marked)
            keys = ()
    return Found(tuple(tests), (*astray, marked) if keys else tuple(astray))


def files() -> list[Path]:
    """Give all files of tests, in the order of their names."""
    tests = PROJECT / "tests"
    return sorted([*tests.rglob("test_*.py"), *tests.rglob("*.bats")])


def tests_by_promise() -> dict[str, list[str]]:
    """Give the tests that would break with each promise, as `file: name`."""
    found: dict[str, list[str]] = {}
    for path in files():
        for name, keys in read(path).tests:
            for key in keys:
                found.setdefault(key, []).append(f"`{path.relative_to(PROJECT)}`: {_words(name)}")
    return found


def _words(name: str) -> str:
    return f"`{name}`" if name.isidentifier() else name


def page() -> str:
    """Give the page as it should be."""
    tests = tests_by_promise()
    parts = [
        "# Promises\n",
        "What you may rely on before you give this plugin the right to delete on your server, how each promise is"
        " kept, the tests\nthat fail when it is not, and what remains open. Made by `tests/promises.py` from comments"
        " in the tests; a test fails where\nit is out of date. How to run them is in"
        " [CONTRIBUTING.md](../CONTRIBUTING.md), what they are run on in [support.md](support.md).\nHow to report a"
        " broken promise: [SECURITY.md](../SECURITY.md).\n",
    ]
    for number, promise in enumerate(PROMISES, start=1):
        held = "\n".join(f"- {test}" for test in tests.get(promise.key, []))
        parts.append(
            f"## {number}. {promise.text}\n\n*How it is kept.* {promise.kept}\n\n"
            f"*What remains open.* {promise.open}\n\n*Tests that would fail* (`{promise.key}`):\n\n{held}\n"
        )
    return "\n".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
