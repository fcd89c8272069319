"""What is written down as stable is what the program has, and nothing of it goes unnoticed."""

import pytest
import stable


def test_the_file_is_what_the_program_has() -> None:
    before, held = stable.read()
    assert before == stable.version()
    assert stable.grown(held, stable.surface(), before, stable.version()) == held, "run tests/stable.py"


def test_nothing_is_stable_twice_and_no_section_is_empty() -> None:
    for section, found in stable.surface().items():
        assert found, section
        assert len(set(found)) == len(found), section


def test_what_comes_is_of_this_version_and_the_rest_keeps_its_own() -> None:
    held = {"commands": {"cache:list": "1.0.0"}}
    now = {"commands": ["cache:list", "cache:watch"], "metrics": ["dokku_cache_files"]}
    assert stable.grown(held, now, "1.0.0", "1.1.0") == {
        "commands": {"cache:list": "1.0.0", "cache:watch": "1.1.0"},
        "metrics": {"dokku_cache_files": "1.1.0"},
    }


@pytest.mark.parametrize("now", [{"commands": []}, {}])
def test_what_goes_takes_the_next_major_version(now: dict[str, list[str]]) -> None:
    held = {"commands": {"cache:list": "1.0.0"}}
    with pytest.raises(ValueError, match="commands: cache:list"):
        stable.grown(held, now, "1.0.0", "1.1.0")
    stable.grown(held, now, "1.1.0", "2.0.0")


@pytest.mark.parametrize(
    "gone",
    [
        ("commands", "cache:purge-legacy --dry-run"),
        ("commands", "cache:list --sort size, by default"),
        ("report flags", "--cache-legacy-size"),
        ("settings", "quiet-time, by default 1d"),
        ("exit codes", "20 no-such-app"),
        ("documents", "cache:list: total-bytes: integer"),
        ("states", "doubtful stays for automatic"),
        ("states", "a volume live stays for orphaned"),
        ("reason codes", "not-quiet"),
        ("metrics", "dokku_cache_info by state"),
        ("triggers", "cache-purged: 4 $BYTES"),
    ],
)
def test_each_kind_of_thing_is_written_down(gone: tuple[str, str]) -> None:
    _, held = stable.read()
    section, what = gone
    assert what in held[section]
    now = {name: [each for each in found if (name, each) != gone] for name, found in stable.surface().items()}
    with pytest.raises(ValueError, match="What was stable is gone"):
        stable.grown(held, now, "1.0.0", "1.0.0")
