"""`make test-real`: what it does when a server cannot be had, and what it counts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from scripts import test_real as real

ROOT = Path(__file__).parents[2]


def server(monkeypatch: pytest.MonkeyPatch, folder: Path, *command: str, version: str = "1") -> real.Real:
    monkeypatch.setattr(real, "CACHE", folder)
    return real.Real("thing", version, "nowhere", "SQS", [[sys.executable, "-c", *command]])


def test_what_cannot_be_set_up_is_told_with_its_reason(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    broken = server(monkeypatch, tmp_path, "raise SystemExit('there is no such version')")
    assert "there is no such version" in (real.set_up(broken) or "")
    assert "there is no such version" in (real.set_up(broken) or ""), "it is tried again"
    result = real.Result(reason="there is no such version")
    assert "not run:  there is no such version" in real.table([broken], {"thing": result})


def test_nothing_is_fetched_twice_and_a_new_version_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    count = tmp_path / "count"
    note = f"open({str(count)!r}, 'a').write('x')"
    for version in ("1", "1", "2"):
        assert real.set_up(server(monkeypatch, tmp_path / "cache", note, version=version)) is None
    assert count.read_text() == "xx"


def test_what_was_skipped_has_not_passed():
    report = '<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/></testsuites>'
    assert real.counted(report, 5.0) == real.Result(3, 6, 5.0)
    assert real.counted('<testsuite tests="0"/>', 5.0).reason


def test_every_server_has_a_suite_that_only_this_collects_and_a_version():
    folder = ROOT / "tests" / "real"
    assert {one.suite for one in real.servers()} == set(folder.glob("real_*.py"))
    assert not list(folder.glob("test_*.py"))
    assert all(any(letter.isdigit() for letter in one.version) for one in real.servers())


def test_a_server_whose_licence_asks_for_something_runs_only_when_it_is_named():
    known = real.servers()
    named = [one.name for one in known if one.licence]
    assert named == ["dynamodb-local"]
    assert [one.name for one in real.chosen(known, named)] == named
    assert {one.name for one in real.chosen(known, [])} == {one.name for one in known} - set(named)
