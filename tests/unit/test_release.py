"""A release has one version: that of its tag, in every file that names one."""

import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
NEWEST = "# Changes\n\nWhat users notice.\n\n## 1.2.3, 2026-12-24\n\n- It shines.\n  More.\n\n"
CHANGES = f"{NEWEST}## 1.2.2, 2026-12-01\n\n- Old.\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "plugin.toml").write_text('[plugin]\ndescription = "x"\nversion = "1.2.3"\n[plugin.config]\n')
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "1.2.3"\n[tool.mypy]\npython_version = "3.10"\n'
    )
    (tmp_path / "CHANGELOG.md").write_text(CHANGES)
    return tmp_path


def release(tag: str, project: Path) -> subprocess.CompletedProcess[str]:
    command = [PROJECT / "tests/release", tag, project]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_release_whose_files_agree_gives_its_own_notes_alone(project: Path) -> None:
    done = release("1.2.3", project)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "- It shines.\n  More.\n\n"


def test_the_first_release_of_all_has_notes_too(project: Path) -> None:
    (project / "CHANGELOG.md").write_text(NEWEST)
    assert release("1.2.3", project).stdout == "- It shines.\n  More.\n\n"


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("plugin.toml", '"1.2.3"', '"1.2.2"', "plugin.toml has version '1.2.2', and the tag is '1.2.3'"),
        ("pyproject.toml", '"1.2.3"', '"1.3.0"', "pyproject.toml has version '1.3.0', and the tag is '1.2.3'"),
        ("CHANGELOG.md", "2026-12-24", "not yet released", "CHANGELOG.md begins with '## 1.2.3, not yet released'"),
        ("CHANGELOG.md", "## 1.2.3", "## 1.2.30", "CHANGELOG.md begins with '## 1.2.30, 2026-12-24'"),
        ("CHANGELOG.md", "## 1.2.3", "## 1x2.3", "CHANGELOG.md begins with '## 1x2.3, 2026-12-24'"),
    ],
)
def test_whatever_names_another_version_is_named(
    project: Path, file: str, before: str, after: str, said: str
) -> None:
    path = project / file
    path.write_text(path.read_text().replace(before, after, 1))
    done = release("1.2.3", project)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr


def test_a_tag_is_three_numbers_as_dokkus_own_plugins_have_it(project: Path) -> None:
    done = release("v1.2.3", project)
    assert done.returncode == 1
    assert "three numbers without a v" in done.stderr


def test_the_files_of_this_project_name_one_version() -> None:
    named = {
        file: re.search(pattern, (PROJECT / file).read_text(), re.MULTILINE)
        for file, pattern in (
            ("plugin.toml", r'^version = "(.*)"$'),
            ("pyproject.toml", r'^version = "(.*)"$'),
            ("CHANGELOG.md", r"^## ([^,\n]*)"),
        )
    }
    assert len({match and match[1] for match in named.values()}) == 1
