"""Each promise has tests that would fail, and the page of promises is what the tests say."""

import re
from pathlib import Path

import promises
import pytest


@pytest.mark.parametrize("promise", promises.PROMISES, ids=lambda promise: promise.key)
def test_a_promise_has_tests_and_names_files_that_are_there(promise: promises.Promise) -> None:
    assert promises.tests_by_promise().get(promise.key)
    for place in re.findall(r"`((?:src|triggers)/[^`]+)`", promise.kept):
        assert (promises.PROJECT / place).is_file(), place


def test_no_test_holds_a_promise_that_nobody_gives() -> None:
    assert set(promises.tests_by_promise()) == {promise.key for promise in promises.PROMISES}


def test_each_mark_stands_above_a_test() -> None:
    assert {path: read.astray for path in promises.files() if (read := promises.read(path)).astray} == {}


def test_a_mark_above_something_else_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "test_x.py"
    file.write_text("# promise: use\nVALUE = 1\n\n\ndef test_it() -> None:\n    pass\n")
    assert promises.read(file) == promises.Found((), (1,))
    file.write_text(
        '# promise: use, last\n@pytest.mark.parametrize(\n    "a",\n    [1],\n)\ndef test_it(a) -> None:\n'
    )
    assert promises.read(file) == promises.Found((("test_it", ("use", "last")),), ())
    file.write_text('# promise: use\n# bats test_tags=quick\n@test "it holds" {\n}\n')
    assert promises.read(file) == promises.Found((("it holds", ("use",)),), ())


def test_the_page_is_what_the_tests_say() -> None:
    assert promises.PAGE.read_text() == promises.page(), "run: python3 tests/promises.py"
