"""The checks that a directory has to pass before it counts as an unused build cache."""

from dataclasses import dataclass
from enum import Enum

from dokku_cache.model.reason_code import ReasonCode
from dokku_cache.model.state import State


class Result(Enum):
    """The result of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not-checked"


@dataclass(frozen=True)
class Check:
    """One check of a directory.

    ``name`` identifies the check in reports and in JSON. ``reason`` is a sentence without a full stop. A check that
    fails gives the directory the state ``state``, with ``code`` and, where there is one, a next step in ``hint``.
    """

    name: str
    result: Result
    reason: str
    state: State | None = None
    code: ReasonCode | None = None
    hint: str = ""
