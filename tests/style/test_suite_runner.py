"""`make test` forgives a test only when it passes alone every time, and never many at once."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("suite_runner", ROOT / "scripts" / "test.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def suite(
    runner: ModuleType, monkeypatch: pytest.MonkeyPatch, failing: list[str], alone: list[int], quick: int = 0
) -> tuple[int, list[str]]:
    """The status of a run in which `failing` fail beside others and then end with `alone`, in turn.

    `quick` is how the run of the quick tests ends.
    """
    asked: list[str] = []
    ends = iter(alone)

    def run(arguments: list[str], names: Path | None = None) -> tuple[int, Counter[str]]:
        if names is None:
            asked.append(arguments[-1])
            return next(ends), Counter()
        if arguments[-1] != "tests":
            return quick if arguments[-1] in runner.QUICK else 0, Counter(passed=1)
        names.write_text("".join(f"{name}\n" for name in failing))
        return (1 if failing else 0), Counter(passed=5, failed=len(failing))

    monkeypatch.setattr(runner, "_run", run)
    monkeypatch.setattr(runner, "missing", lambda **_: [])
    monkeypatch.setenv("PATH", "/usr/bin")
    return runner.main([]), asked


def test_a_test_that_passes_alone_three_times_does_not_fail_the_suite(
    runner: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert suite(runner, monkeypatch, ["a::b"], [0, 0, 0]) == (0, ["a::b"] * 3)
    assert "1 failed beside others and passed 3 times alone: a::b" in capsys.readouterr().out


def test_one_failure_alone_fails_the_suite(runner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert suite(runner, monkeypatch, ["a::b"], [0, 0, 1]) == (1, ["a::b"] * 3)


def test_a_test_that_vanished_fails_the_suite(runner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert suite(runner, monkeypatch, ["a::b"], [5])[0] == 1


def test_a_run_that_was_broken_off_is_not_forgiven_what_another_is(
    runner: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert suite(runner, monkeypatch, ["a::b"], [], quick=3) == (3, [])


def test_many_failures_are_not_asked_again(runner: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert suite(runner, monkeypatch, [f"a::{n}" for n in range(7)], []) == (1, [])


def test_a_file_that_cannot_be_read_is_named_among_the_failed(tmp_path: Path) -> None:
    (tmp_path / "test_broken.py").write_text("raise TypeError('at once')\n")
    names = tmp_path / "names"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "1",
            "-p",
            "scripts.failed_tests",
            "--rootdir",
            str(tmp_path),
            str(tmp_path),
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        | {"LAMBDAD_TEST_FAILED": str(names)},
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert "test_broken.py" in names.read_text()
