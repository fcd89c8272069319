"""Dokku's report."""

import io
import json

import pytest
import yaml

from dokku_cache.model.errors import UsageError
from dokku_cache.output.console import Console
from dokku_cache.views import report
from dokku_cache.views.report import Missing, Values

VALUES: Values = {
    "cache-b": 5,
    "cache-a-key": "text",
    "cache-c": Missing.UNKNOWN,
    "cache-d": Missing.NONE,
    "cache-e": True,
}


def written(*, is_quiet: bool = False, format_name: str = "stdout", info_flag: str = "") -> str:
    out = io.StringIO()
    console = Console(is_quiet=is_quiet, out=out, err=out)
    report.write(console, "shop", VALUES, format_name, info_flag)
    return out.getvalue()


def test_keys_are_sorted_and_padded_to_31_columns() -> None:
    assert written().splitlines() == [
        "=====> shop cache information",
        "       Cache a key:                   text",
        "       Cache b:                       5",
        "       Cache c:                       unknown",
        "       Cache d:                       ",
        "       Cache e:                       true",
    ]


def test_quiet_drops_the_heading_alone() -> None:
    assert written(is_quiet=True).splitlines() == written().splitlines()[1:]


def test_json_and_yaml_have_the_same_typed_values() -> None:
    expected = {"app": "shop", "a-key": "text", "b": 5, "c": None, "d": None, "e": True, "schema-version": 1}
    assert json.loads(written(format_name="json")) == expected
    assert yaml.safe_load(written(format_name="yaml")) == expected
    assert written(format_name="json").count("\n") == 1


def test_an_info_flag_gives_the_value_alone() -> None:
    assert written(info_flag="--cache-b") == "5\n"


def test_flags_are_checked_in_dokkus_words() -> None:
    assert report.check_flags(["--cache-b"], VALUES, "stdout") == "--cache-b"
    assert report.check_flags([], VALUES, "json") == ""
    with pytest.raises(UsageError, match="Invalid flag passed, valid flags: --cache-a-key, --cache-b, "):
        report.check_flags(["--cache-x"], VALUES, "stdout")
    with pytest.raises(UsageError, match="--format flag cannot be specified when specifying an info flag"):
        report.check_flags(["--cache-b"], VALUES, "json")
    with pytest.raises(UsageError, match="single"):
        report.check_flags(["--cache-b", "--cache-c"], VALUES, "stdout")
