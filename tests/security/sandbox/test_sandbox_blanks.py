"""Blanks whose processes are killed, and the fork servers and the launcher that make them."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from blank_hosting import BlankHost

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.blank import BARE_KIND, BlankKind
from lambdad.worker.sandbox.plan import Sandbox

pytestmark = pytest.mark.root
PROGRAM = "print('it runs')"


def children(of: int) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{of}/task/{of}/children").read_text().split()]


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()


def launcher_of(host: BlankHost) -> int:
    (found,) = [pid for pid in children(os.getpid()) if host.owner in command(pid)]
    return found


def fork_server_of(host: BlankHost) -> int:
    (found,) = [pid for pid in children(launcher_of(host)) if "fork_server import main" in command(pid)]
    return found


def reaper_of(host: BlankHost, sandbox: Sandbox) -> int:
    (found,) = [pid for pid in children(launcher_of(host)) if sandbox.sandbox_id in command(pid)]
    return found


def wait_until(host: BlankHost, true: Callable[[], bool]) -> None:
    async def look() -> None:
        async with asyncio.timeout(20):
            while not true():
                await asyncio.sleep(0.01)

    host.runner.run(look())


def blank_of(host: BlankHost, kind: BlankKind) -> Sandbox:
    name = host.plan().sandbox_id
    return host.runner.run(host.factory.create_blank(kind, name, outbound=False))


def blank_after_tries(host: BlankHost, tries: int) -> Sandbox:
    """As a take does that is tried again."""
    for _ in range(tries - 1):
        try:
            return host.blank()
        except EnvironmentUnavailable:
            pass
    return host.blank()


def test_a_blank_in_which_nothing_waits_is_dead_once_its_first_process_is(
    blank_host: BlankHost, caplog: pytest.LogCaptureFixture
) -> None:
    _kill_bare(blank_host)
    gc.collect()
    assert [line for line in caplog.messages if "never retrieved" in line] == []


def _kill_bare(blank_host: BlankHost) -> None:
    sandbox = blank_of(blank_host, BARE_KIND)
    try:
        assert sandbox.is_alive
        os.kill(reaper_of(blank_host, sandbox), signal.SIGKILL)
        wait_until(blank_host, lambda: not sandbox.is_alive)
        with pytest.raises(EnvironmentUnavailable):
            blank_host.runner.run(sandbox.assign(blank_host.plan()))
    finally:
        blank_host.destroy(sandbox)


def test_a_blank_whose_first_process_is_killed_is_dead(blank_host: BlankHost) -> None:
    sandbox = blank_host.blank()
    try:
        os.kill(reaper_of(blank_host, sandbox), signal.SIGKILL)
        wait_until(blank_host, lambda: not sandbox.is_alive)
    finally:
        blank_host.destroy(sandbox)


def test_what_waits_can_be_killed_and_its_blank_still_runs_programs(blank_host: BlankHost) -> None:
    sandbox = blank_host.blank()
    try:
        reaper = reaper_of(blank_host, sandbox)
        wait_until(blank_host, lambda: len(children(reaper)) == 1)
        (waiting,) = children(reaper)
        os.kill(waiting, signal.SIGKILL)
        wait_until(blank_host, lambda: not sandbox.is_alive)
        blank_host.runner.run(sandbox.assign(blank_host.plan()))
        assert blank_host.python_in(sandbox, PROGRAM).output == "it runs\n"
    finally:
        blank_host.destroy(sandbox)


def test_after_the_death_of_its_fork_server_a_blank_lives_on_and_the_next_is_forked_by_another(
    blank_host: BlankHost, caplog: pytest.LogCaptureFixture
) -> None:
    older = blank_host.make()
    killed = fork_server_of(blank_host)
    os.kill(killed, signal.SIGKILL)
    newer = blank_after_tries(blank_host, 2)  # at once: nobody may have noticed yet
    try:
        assert older.is_alive
        assert blank_host.python_in(older, PROGRAM).output == "it runs\n"
        blank_host.runner.run(newer.assign(blank_host.plan()))
        assert blank_host.python_in(newer, PROGRAM).output == "it runs\n"
        assert fork_server_of(blank_host) != killed
        told = [one for one in caplog.messages if "the fork server of test is gone" in one]
        assert len(told) == 1, caplog.messages
    finally:
        blank_host.destroy(older)
        blank_host.destroy(newer)


def test_a_fork_server_that_hangs_is_ended_and_another_takes_its_place(blank_host: BlankHost) -> None:
    blank_host.destroy(blank_host.blank())
    stopped = fork_server_of(blank_host)
    os.kill(stopped, signal.SIGSTOP)
    with pytest.raises(EnvironmentUnavailable, match="it does not answer"):
        blank_host.blank()
    blank_host.destroy(blank_after_tries(blank_host, 2))
    assert not Path(f"/proc/{stopped}").exists()


def test_after_the_death_of_the_launcher_its_blanks_are_dead_and_new_ones_are_made(
    blank_host: BlankHost,
) -> None:
    blank, bare = blank_host.blank(), blank_of(blank_host, BARE_KIND)
    os.kill(launcher_of(blank_host), signal.SIGKILL)
    wait_until(blank_host, lambda: not blank.is_alive and not bare.is_alive)
    for dead in (blank, bare):
        blank_host.destroy(dead)
    assert blank_host.python(PROGRAM).output == "it runs\n"


def test_a_kind_that_is_made_otherwise_gets_a_fork_server_of_its_own(blank_host: BlankHost) -> None:
    blank_host.destroy(blank_host.blank())
    old, kind = fork_server_of(blank_host), blank_host.kind
    argv = (kind.stands_for[0], "-X", "utf8", *kind.stands_for[1:])
    changed = BlankKind(kind.name, kind.mounts, stands_for=argv, env=kind.env, forks=True)
    blank_host.kind = changed
    try:
        told = blank_host.python("import sys; print(sys.flags.utf8_mode, sys.orig_argv)").output
    finally:
        blank_host.kind = kind
    assert told == f"1 {list(argv)}\n"
    assert fork_server_of(blank_host) != old
