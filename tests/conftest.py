"""What every run of pytest shows: each file as it begins, with a terminal or without one, and what did not pass."""

import pytest

_SHOWN = pytest.StashKey[str]()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> None:
    """Name the file of the first of its tests."""
    file = item.nodeid.split("::", maxsplit=1)[0]
    reporter = item.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and item.config.stash.get(_SHOWN, "") != file:
        item.config.stash[_SHOWN] = file
        reporter.ensure_newline()
        reporter.write_line(file, flush=True)


@pytest.hookimpl(tryfirst=True)
def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    """Give no dot for what passed, which would stand before the next file's name."""
    return ("passed", "", "PASSED") if report.when == "call" and report.passed else None
