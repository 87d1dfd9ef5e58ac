"""Whatever the compiling process does, a tree is compiled whole or not at all, and nothing stays behind."""

from __future__ import annotations

import asyncio
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.domain.function import CodeKey
from lambdad.storage.files.code_store import FileCodeStore
from lambdad.storage.files.compiled_store import FileCompiledStore
from lambdad.worker.ahead.ahead import Ahead
from lambdad.worker.ahead.compiled_answers import CompileFailed
from lambdad.worker.ahead.compiling import Compiler, Tree
from lambdad.worker.runtimes.launch import COMPILED_PATH, RuntimeLaunch
from tests.fakes.worker import FakeFactory, version_of
from tests.running import zip_of

MAKER = "python3.13.0"
LAUNCH = RuntimeLaunch(("/bin/true",), (), {}, "python:3.13.v0", own_client=True, byte_code=MAKER)
ANSWER = struct.pack(">II", 0, 4) + b"code" + struct.pack(">II", 0xFFFFFFFF, 0)
CODE = {"app.py": "x = 1\n" * 1_000}


class Runtimes:
    def launch(self, runtime: str) -> RuntimeLaunch:
        return LAUNCH

    def status(self) -> list[object]:
        return []


class Scene:
    """A store with one archive, and a factory whose sandboxes the test plays the process in."""

    def __init__(self, root: Path) -> None:
        self.codes, self.store = FileCodeStore(root / "code"), FileCompiledStore(root / "code")
        self.unfinished = root / "code" / "unfinished"
        self.factory = FakeFactory()
        self.compiler = Compiler(self.factory, self.store, within_s=5.0)
        self.asked = b""

    async def put(self, files: dict[str, str] | None = None) -> Tree:
        key: CodeKey = (await self.codes.put(zip_of(dict(files or CODE)))).key
        return Tree((key,), self.codes.task_root(key), "/var/task")

    async def answered(self, answer: bytes, number: int = 0) -> None:
        """Read what is asked of a process, answer and end it."""
        async with asyncio.timeout(5):
            while len(self.factory.made) <= number or self.factory.made[number].process is None:
                await asyncio.sleep(0)
        process = self.factory.made[number].process
        assert process is not None
        loop = asyncio.get_running_loop()
        self.asked = await loop.sock_recv(process.inside, 1 << 16)
        await loop.sock_sendall(process.inside, answer)
        process.end()

    async def compiled(self, answer: bytes) -> bool:
        tree = await self.put()
        made, _ = await asyncio.gather(self.compiler.compile(tree, LAUNCH, MAKER), self.answered(answer))
        return made

    def nothing_is_left(self) -> bool:
        return all(one.destroyed for one in self.factory.made) and not list(self.unfinished.iterdir())

    async def close(self) -> None:
        await self.codes.close()
        await self.store.close()


@pytest.fixture
async def scene(tmp_path: Path):
    made = Scene(tmp_path)
    yield made
    await made.close()


async def test_the_names_are_sent_and_the_answers_are_kept(scene: Scene) -> None:
    assert await scene.compiled(ANSWER)
    assert scene.asked == b"app.py\0\0"
    tree = await scene.put()
    assert (scene.store.place(tree.keys, MAKER) / "app.pyc").read_bytes() == b"code"
    assert scene.nothing_is_left()


async def test_the_sandbox_has_no_network_and_the_code_where_functions_have_it(scene: Scene) -> None:
    await scene.compiled(ANSWER)
    plan = scene.factory.made[0].plan
    assert (plan.outbound, plan.listen, plan.mounts[0].target) == (False, (), "/var/task")


@pytest.mark.parametrize("answer", [b"", ANSWER[:6], ANSWER[:12], b"\xff" * 7, bytes(7) + b"\1" + ANSWER[8:]])
async def test_a_process_that_ends_early_or_talks_nonsense_leaves_nothing(
    scene: Scene, answer: bytes
) -> None:
    with pytest.raises(CompileFailed):
        await scene.compiled(answer)
    tree = await scene.put()
    assert not await scene.store.find(tree.keys, MAKER)
    assert scene.nothing_is_left()


async def test_a_process_that_never_ends_is_given_up(scene: Scene) -> None:
    tree = await scene.put()
    with pytest.raises(CompileFailed):
        await Compiler(scene.factory, scene.store, within_s=0.05).compile(tree, LAUNCH, MAKER)
    assert not await scene.store.find(tree.keys, MAKER)
    assert scene.nothing_is_left()


async def test_what_takes_no_time_to_compile_gets_no_sandbox(scene: Scene) -> None:
    tree = await scene.put({"app.py": "x = 1\n", "data": "y" * 10_000})
    assert not await scene.compiler.compile(tree, LAUNCH, MAKER)
    assert scene.factory.made == []


# --- when ---------------------------------------------------------------------------------------------


@pytest.fixture
async def aheads(scene: Scene):
    made: list[Ahead] = []

    def make(key: CodeKey) -> Ahead:
        async def find(*_: object) -> object:
            return version_of(code_key=key)

        made.append(Ahead(scene.compiler, scene.codes, Runtimes(), find, after_start_s=0.0))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def shown(ahead: Ahead, key: CodeKey) -> str | None:
    """What an environment that is started now is told of byte code."""
    launch = await ahead.with_byte_code(LAUNCH, version_of(code_key=key))
    assert (COMPILED_PATH in launch.env) == (len(launch.mounts) == 1)
    return launch.env.get(COMPILED_PATH)


async def test_a_change_has_it_compiled_and_later_starts_use_it(
    scene: Scene, aheads: Callable[[CodeKey], Ahead]
) -> None:
    key = (await scene.put()).keys[0]
    ahead = aheads(key)
    ahead.changed(version_of().scope, "hello")
    await scene.answered(ANSWER)
    await ahead.idle()
    assert await shown(ahead, key) == "/var/task:/var/compiled/task"
    assert await shown(aheads(key), key) == "/var/task:/var/compiled/task", "another server finds it"
    assert len(scene.factory.made) == 1


async def test_a_start_without_it_has_it_compiled_for_the_next(
    scene: Scene, aheads: Callable[[CodeKey], Ahead]
) -> None:
    key = (await scene.put()).keys[0]
    ahead = aheads(key)
    assert await shown(ahead, key) is None
    await scene.answered(ANSWER)
    await ahead.idle()
    assert await shown(ahead, key) is not None


async def test_what_failed_is_told_once_and_not_tried_again(
    scene: Scene, aheads: Callable[[CodeKey], Ahead], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "lambdad.worker.ahead")
    scene.factory.fail_with = EnvironmentUnavailable("no pids are left")
    key = (await scene.put()).keys[0]
    ahead = aheads(key)
    for _ in range(3):
        assert await shown(ahead, key) is None
        await ahead.idle()
    assert [record.getMessage() for record in caplog.records] == [
        "code was not compiled ahead: no pids are left"
    ]


async def test_byte_code_that_somebody_removed_is_not_mounted(
    scene: Scene, aheads: Callable[[CodeKey], Ahead]
) -> None:
    key = (await scene.put()).keys[0]
    ahead = aheads(key)
    ahead.changed(version_of().scope, "hello")
    await scene.answered(ANSWER)
    await ahead.idle()
    place = scene.store.place((key,), MAKER)
    os.rename(place, place.with_name("gone"))
    assert await shown(ahead, key) is None


async def test_closing_ends_what_is_being_compiled(scene: Scene, aheads: Callable[[CodeKey], Ahead]) -> None:
    key = (await scene.put()).keys[0]
    ahead = aheads(key)
    ahead.changed(version_of().scope, "hello")
    async with asyncio.timeout(5):
        while not scene.factory.made:
            await asyncio.sleep(0)
    await ahead.close()
    assert scene.nothing_is_left()
