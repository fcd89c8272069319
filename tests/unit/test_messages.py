"""Pages that are made from the program, or have to name all that it says."""

import re
from pathlib import Path

import messages
import pytest
import reference

from dokku_cache.errors import ExitCode, Interrupted
from dokku_cache.legacy.reason_code import ReasonCode
from dokku_cache.legacy.state import State
from dokku_cache.volumes.state import VolumeState

TROUBLESHOOTING = Path(__file__).parents[2] / "docs/troubleshooting.md"
PAGE = TROUBLESHOOTING.read_text()
#: The first cell of each row of each table.
ROWS = set(re.findall(r"^\| `(.+?)` \| .+ \| .+ \|$", PAGE, re.MULTILINE))
FOUND = messages.found()
#: What says nothing by itself, as its hint is given by whoever catches it, or is in the sentence.
WITHOUT_NEXT_STEP = {
    "App … is being deployed",
    "The legacy cache of … is …",
    "The volume … stays: …",
    "Invalid property specified, valid properties include: …",
    "… holds for the whole server: set it with --global",
    "… is either …, not …",
    "… is …, not …",
    "… was not typed: its cache stays as it is",
    "trigger … cannot be run: …",
    "trigger … did not end within … s, and was ended",
    "trigger … failed with exit code …",
}


def test_the_reference_is_what_the_program_says() -> None:
    assert reference.PAGE.read_text() == reference.written(), "run .venv/bin/python tests/reference.py"


def test_the_reference_has_every_exit_code() -> None:
    for code in ExitCode:
        assert f"\n| {code.value} | " in reference.PAGE.read_text()


@pytest.mark.parametrize("message", sorted(FOUND))
def test_troubleshooting_has_each_message(message: str) -> None:
    assert message in ROWS, f"{FOUND[message]} says it"


def test_troubleshooting_has_each_state_and_each_reason_and_none_that_is_gone() -> None:
    states = {state.value for state in State} | {state.value for state in VolumeState}
    codes = {code.value for code in ReasonCode}
    assert set(_first_cells("States")) == states
    assert set(_first_cells("Reason codes")) == codes
    told_elsewhere = {str(Interrupted()), "Deploy refused: there is too little room for a build"}
    assert ROWS - states - codes - set(FOUND) == told_elsewhere


def _first_cells(heading: str) -> list[str]:
    return re.findall(r"^\| `(.+?)` \|", PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0], re.MULTILINE)


def test_each_error_says_what_to_do_next() -> None:
    assert messages.without_next_step() <= WITHOUT_NEXT_STEP


def test_messages_are_found_in_the_source_in_each_of_the_ways_in_which_they_are_written() -> None:
    assert FOUND["App … does not exist"] == "errors.py"  # given by the error itself
    assert FOUND["Docker's socket … is closed to this user (…)"] == "engine/client.py"  # put together first
    assert FOUND["Little room for a build: …"] == "actions/pre_receive_app.py"  # a warning
