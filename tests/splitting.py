"""Measuring a directory by its path, and letting even the smallest tree be measured by many processes."""

import os
from pathlib import Path

import pytest

from dokku_cache.tree import walk
from dokku_cache.tree.scan import Scan


def split_everything(patch: pytest.MonkeyPatch) -> None:
    """Lower all limits below which a walk is done without starting processes."""
    for limit, value in (
        ("OWN_ENTRIES", 1),
        ("WIDE_FILES", 2),
        ("FEW_SUBTREES", 3),
        ("MOST_OWN_ENTRIES", 10),
        ("ERRAND_DIRECTORIES", 3),
        ("MOST_ERRAND_DIRECTORIES", 7),
        ("LOOK_ENTRIES", 4),
    ):
        patch.setattr(walk, limit, value)


def measured(path: Path) -> Scan:
    """Measure a directory."""
    top = os.open(path, os.O_RDONLY)
    try:
        return walk.measure(top)
    finally:
        os.close(top)
