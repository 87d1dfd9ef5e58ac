"""What doctor says of the sandboxes that wait."""

from __future__ import annotations

from dataclasses import replace

from lambdad.cli import pool_checks
from lambdad.cli.checks import Verdict
from lambdad.settings import Settings
from tests.running import free_port

SETTINGS = replace(Settings(data_dir=None), host="127.0.0.1")


def test_the_last_failure_of_a_pool_is_told() -> None:
    kinds: dict[str, dict[str, object]] = {
        "bare": {"waiting": 2, "wanted": 2},
        "python3.13": {"waiting": 0, "wanted": 2, "failures": 7, "last_failure": "no pids are free"},
    }
    kinds["python3.13"]["failing"] = True
    (check,) = pool_checks.pools({"pools": kinds})
    assert check.verdict is Verdict.WEAK
    assert check.detail == "python3.13: no pids are free (7 times)"
    assert check.remedy


def test_a_failure_that_is_over_is_none_to_tell() -> None:
    kind = {"waiting": 2, "wanted": 2, "failing": False, "failures": 7, "last_failure": "no pids are free"}
    (check,) = pool_checks.pools({"pools": {"python3.13": kind}})
    assert check.verdict is Verdict.GOOD


def test_pools_that_work_say_how_many_wait() -> None:
    (check,) = pool_checks.pools({"pools": {"bare": {"waiting": 1, "wanted": 2}}})
    assert (check.verdict, check.detail) == (Verdict.GOOD, "waiting: 1 of 2 bare")
    (check,) = pool_checks.pools({"pools": {}})
    assert check.detail == "nothing has been wanted yet"


def test_a_server_that_says_nothing_of_pools_has_no_finding() -> None:
    assert pool_checks.pools({"version": "0.0.1"}) == []


def test_with_no_server_running_there_is_nothing_to_tell() -> None:
    assert pool_checks.of_running_server(replace(SETTINGS, port=free_port())) == []


def test_pools_that_are_switched_off_are_named() -> None:
    (check,) = pool_checks.of_running_server(replace(SETTINGS, pools=False))
    assert "switched off" in check.detail
