"""The public workflows: what they call is there, and nothing that somebody else can change is run."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

PROJECT = Path(__file__).parents[2]
FILES = sorted((PROJECT / ".github/workflows").glob("*.yml"))
SUPPORT = (PROJECT / "docs/support.md").read_text()


def jobs(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROJECT / f".github/workflows/{name}.yml").read_text())["jobs"]
    return loaded


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_action_is_pinned_by_its_full_commit_with_the_version_beside_it(path: Path) -> None:
    for used in re.findall(r"uses: (.*)", path.read_text()):
        if used.startswith("./"):
            assert (PROJECT / used).is_file()
        else:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", used), used


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_workflow_may_read_and_nothing_more_unless_a_job_says_so(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert [name for name, job in workflow["jobs"].items() if "permissions" in job] == ["release"] * (
        path.stem == "release"
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_a_step_runs_is_there(path: Path) -> None:
    text = path.read_text()
    for script in re.findall(r"(?<![\w/])((?:tests|\.github)/[a-z-]+)(?= [\"'\w$])", text):
        assert (PROJECT / script).is_file(), script
    for target in re.findall(r"\bmake ([a-z-]+)", re.sub(r"--no-install-recommends .*|#.*", "", text)):
        assert re.search(rf"^{target}:", (PROJECT / "Makefile").read_text(), re.MULTILINE), target


def test_each_distribution_of_the_support_table_is_tested() -> None:
    tested = {entry["suite"] for entry in jobs("tests")["distribution"]["strategy"]["matrix"]["include"]}
    assert tested == set(re.findall(r"`tests/bare ([a-z]+)`", SUPPORT))


def test_each_dokku_that_the_workflow_tests_has_its_row() -> None:
    matrix = jobs("dokku")["installed"]["strategy"]["matrix"]["dokku"]
    for version in re.findall(r'"([^"]+)"', matrix):
        assert f"| {version} |" in SUPPORT


def test_bats_files_that_run_in_dokkus_image_are_there() -> None:
    text = (PROJECT / ".github/workflows/dokku.yml").read_text()
    named = re.search(r"tests/e2e/%s\.bats ' ([a-z\s\\-]+)\)", text)
    assert named
    for name in named[1].replace("\\", " ").split():
        assert (PROJECT / f"tests/e2e/{name}.bats").is_file(), name


def test_a_release_waits_for_its_version_and_all_tests() -> None:
    assert jobs("release")["release"]["needs"] == ["tests", "dokku"]
    assert {job["needs"] for name, job in jobs("release").items() if name in {"tests", "dokku"}} == {"version"}


def test_a_bug_form_asks_for_the_report_and_the_versions() -> None:
    form = (PROJECT / ".github/ISSUE_TEMPLATE/bug.yml").read_text()
    yaml.safe_load(form)
    for asked in (
        "dokku cache:report <app>",
        "dokku cache:report --global",
        "dokku version",
        "docker version",
        "python3",
    ):
        assert asked in form
