"""A pytest plugin: writes the name of every test that failed into the file that `LAMBDAD_TEST_FAILED` names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

VARIABLE = "LAMBDAD_TEST_FAILED"


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Called for every phase of every test; of several processes, in the one that collects their reports."""
    file = os.environ.get(VARIABLE)
    if file and report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(file).open("a") as names:
            names.write(report.nodeid + "\n")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """A file that could not be read counts as a test of its name: run alone, it fails again."""
    file = os.environ.get(VARIABLE)
    if file and report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        with Path(file).open("a") as names:
            names.write(report.nodeid + "\n")


def failed(file: Path) -> list[str]:
    """The names in such a file, each once, in order."""
    return list(dict.fromkeys(file.read_text().splitlines())) if file.exists() else []
