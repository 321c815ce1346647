"""A skipped test is a failed one, unless allowed_skips.txt names it and says why."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
unexpected = pytest.StashKey[list]()


def allowed():
    lines = (HERE / "allowed_skips.txt").read_text().splitlines()
    rows = (line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))
    return {row[0] for row in rows if len(row) == 2}  # without a reason it does not count


def pytest_configure(config):
    config.stash[unexpected] = []
    config.pluginmanager.register(Skips(config), "skips")


class Skips:
    def __init__(self, config):
        self.names = config.stash[unexpected]
        self.allowed = allowed()

    def note(self, report):
        name = report.nodeid.split("[")[0]
        if report.skipped and name not in self.allowed:
            self.names.append(report.nodeid)

    pytest_runtest_logreport = note
    pytest_collectreport = note


def pytest_sessionfinish(session, exitstatus):
    if exitstatus == 0 and session.config.stash[unexpected]:
        session.exitstatus = 1


def pytest_terminal_summary(terminalreporter, config):
    for name in config.stash[unexpected]:
        terminalreporter.write_line(f"SKIPPED and not in allowed_skips.txt: {name}", red=True)
