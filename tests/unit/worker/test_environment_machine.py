"""An environment under any order of what runtime, extensions, kernel, clock and owner may do.

The machine holds the promises that hold always: every invocation is settled exactly once, an event goes
to an idle environment only, the table allows every move (a move it does not have is an exception on the
loop, which fails the run), what is frozen is idle, and in the end nothing is left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from lambdad.worker.environment.states import EnvironmentState
from lambdad.worker.sandbox.plan import ExitStatus
from tests.fakes.caller import FakeExtension
from tests.fakes.stage import NEXT, Stage
from tests.fakes.worker import FakeProcess
from tests.forms import examples
from tests.unit.worker.test_environment_extensions import LAYERS

S = EnvironmentState
PATH = b"POST /2018-06-01/runtime/"
EXITS = [ExitStatus(0, None), ExitStatus(1, None), ExitStatus(None, 9), ExitStatus(None, 9, oom_killed=True)]


class EnvironmentMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.defects: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.defects.append(context))
        self.stage: Stage = self.do(self._begin())
        self.given = 0
        self.runs = 0
        self.extension: FakeExtension | None = None

    async def _begin(self) -> Stage:
        stage = Stage(layers=LAYERS, timeout_s=1)
        stage.factory.programs = ("watcher",)
        stage.start()
        await asyncio.sleep(0)
        return stage

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run it, and let everything settle that follows at once."""

        async def all_of_it() -> Any:
            found = await work
            for _ in range(12):
                await asyncio.sleep(0)
            await asyncio.sleep(0.001)
            return found

        return self.loop.run_until_complete(all_of_it())

    def act(self, call: Callable[[], None]) -> None:
        """Call it on the loop."""

        async def calling() -> None:
            call()

        self.do(calling())

    @property
    def state(self) -> EnvironmentState:
        return self.stage.environment.state

    def process(self, name: str) -> FakeProcess | None:
        if not self.stage.factory.made:
            return None
        found = self.stage.sandbox.by_name.get(name)
        return found if found is not None and found.on_exit is not None else None

    # --- the runtime -----------------------------------------------------------------------------

    def speaks(self) -> bool:
        return self.process("runtime") is not None

    @precondition(speaks)
    @rule(
        request=st.sampled_from(
            [
                NEXT,
                PATH + b"invocation/id-1/response HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1",
                PATH + b"invocation/id-1/error HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
                PATH + b"invocation/no/response HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1",
                PATH + b"invocation/id-1/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                b"Lambda-Runtime-Function-Response-Mode: streaming\r\n\r\n1\r\n1\r\n0\r\n\r\n",
                PATH + b"invocation/id-1/response HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                b"Lambda-Runtime-Function-Response-Mode: no\r\n\r\n1",
                PATH + b"init/error HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
                PATH + b"invocation/id-1/response HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1" + NEXT,
                b"\x00\r\n\r\n",
            ]
        )
    )
    def the_runtime_calls(self, request: bytes) -> None:
        process = self.process("runtime")
        assert process is not None
        try:
            process.inside.send(request)
        except OSError:
            return
        self.do(asyncio.sleep(0.002))

    @precondition(speaks)
    @rule(status=st.sampled_from(EXITS))
    def the_runtime_ends(self, status: ExitStatus) -> None:
        process = self.process("runtime")
        assert process is not None
        self.act(lambda: process.exit(status))

    @precondition(speaks)
    @rule()
    def the_runtime_closes_its_connection(self) -> None:
        process = self.process("runtime")
        assert process is not None
        process.inside.close()
        self.do(asyncio.sleep(0.002))

    # --- the extension ---------------------------------------------------------------------------

    @precondition(lambda self: self.process("extension:watcher") is not None)
    @rule(events=st.sampled_from([(), ("INVOKE",), ("SHUTDOWN",), ("INVOKE", "SHUTDOWN")]))
    def the_extension_registers(self, events: tuple[str, ...]) -> None:
        self.extension = self.stage.extension("watcher")
        self.do(self.extension.register(*events))

    @precondition(lambda self: self.extension is not None)
    @rule(what=st.sampled_from(["next", "init", "exit", "exit without a type"]))
    def the_extension_calls(self, what: str) -> None:
        extension = self.extension
        assert extension is not None
        try:
            if what == "next":
                self.do(extension.ask())
            else:
                kind, _, untyped = what.partition(" ")
                self.do(extension.report(kind, None if untyped else "Extension.Broken"))
        except (OSError, AssertionError, TimeoutError):
            self.extension = None

    @precondition(lambda self: self.process("extension:watcher") is not None)
    @rule(status=st.sampled_from([*EXITS, ExitStatus(None, None, error="exec format error")]))
    def the_extension_ends(self, status: ExitStatus) -> None:
        process = self.process("extension:watcher")
        assert process is not None
        self.act(lambda: process.exit(status))

    # --- owner, kernel, clock --------------------------------------------------------------------

    def is_offered(self) -> bool:
        """Whether the owner may hand over an event: what it was offered and has not used."""
        owner = self.stage.owner
        return len(owner.idle) > self.given and not owner.gone

    @precondition(is_offered)
    @rule()
    def an_event_comes(self) -> None:
        self.given = len(self.stage.owner.idle)
        self.runs += 1
        self.act(lambda: self.stage.environment.run(self.stage.invocation()))

    @precondition(is_offered)
    @rule()
    def it_is_retired(self) -> None:
        self.given = len(self.stage.owner.idle)
        self.act(self.stage.environment.retire)

    @precondition(lambda self: self.state is S.IDLE)
    @rule()
    def it_rests(self) -> None:
        self.act(self.stage.environment.freeze)

    @rule()
    def its_time_is_over(self) -> None:
        self.stage.clock.time += 1
        environment = self.stage.environment
        if self.state in {S.BUSY, S.ANSWERED, S.REPEATED_INIT}:
            self.act(environment._timed_out)
        elif self.state is S.INIT:
            self.act(environment._init_timed_out)

    @precondition(lambda self: bool(self.stage.factory.made))
    @rule(holds=st.booleans())
    def the_kernel_holds_processes(self, holds: bool) -> None:
        self.stage.sandbox.immortal = holds

    # --- what holds always -----------------------------------------------------------------------

    @invariant()
    def no_move_was_illegal_and_nothing_failed_unseen(self) -> None:
        assert not self.defects, self.defects

    @invariant()
    def no_invocation_is_settled_twice(self) -> None:
        assert len(self.stage.settled) <= self.runs

    @invariant()
    def what_is_frozen_is_idle(self) -> None:
        if self.stage.factory.made and self.stage.sandbox.frozen:
            assert self.state is S.FROZEN

    @invariant()
    def nothing_runs_in_a_bare_sandbox(self) -> None:
        if self.state is S.BARE:
            assert self.process("runtime") is None
            assert self.process("extension:watcher") is None

    def teardown(self) -> None:
        if self.stage.factory.made:
            self.stage.sandbox.immortal = False
        for caller in self.stage.callers:
            caller.close()
        self.do(self.stage.host.close())
        assert self.state is S.GONE
        assert self.stage.environment.is_removed
        assert not self.stage.factory.made or self.stage.sandbox.destroyed
        assert len(self.stage.owner.gone) == 1
        assert len(self.stage.settled) == self.runs
        self.loop.close()
        super().teardown()


TestEnvironmentMachine = EnvironmentMachine.TestCase
TestEnvironmentMachine.settings = settings(max_examples=examples(60), stateful_step_count=25, deadline=None)
