"""Packets to a helper that is behind, and questions that wait for answers."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Iterator

import pytest

from lambdad.domain.errors import EnvironmentUnavailable
from lambdad.worker.sandbox.asking import MOST_OPEN, Questions
from lambdad.worker.sandbox.helper import HelperGone, News, Packets


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        theirs.settimeout(5)
        yield ours, theirs


def ignore(_message: News | None, descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def number_of(theirs: socket.socket) -> int:
    number: int = json.loads(theirs.recv(1 << 20))["number"]
    return number


async def test_packets_that_find_no_room_arrive_in_order(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    packets = Packets(ours, ignore)
    sending = [asyncio.ensure_future(packets.send({"number": 0, "filling": "x" * 100_000}))]
    await asyncio.sleep(0)
    for number in range(1, 50):
        if number % 2:
            packets.send_soon({"number": number, "filling": "x" * 10_000})
        else:
            sending.append(asyncio.ensure_future(packets.send({"number": number, "filling": "x" * 10_000})))
        await asyncio.sleep(0)
    assert not sending[-1].done()
    loop = asyncio.get_running_loop()
    told = [await loop.run_in_executor(None, number_of, theirs) for _ in range(50)]
    await asyncio.gather(*sending)
    packets.close()
    assert told == list(range(50))


async def test_a_packet_whose_sender_gave_up_is_not_sent(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    packets = Packets(ours, ignore)
    sending = [
        asyncio.ensure_future(packets.send({"number": n, "filling": "x" * 100_000})) for n in range(10)
    ]
    await asyncio.sleep(0)
    waiting = [at for at, one in enumerate(sending) if not one.done()]
    for at in waiting[:-1]:
        sending[at].cancel()
    await asyncio.sleep(0)
    loop = asyncio.get_running_loop()
    sent = 10 - len(waiting)
    told = [await loop.run_in_executor(None, number_of, theirs) for _ in range(sent + 1)]
    packets.close()
    assert told == [*range(sent), 9]


async def test_who_waits_for_room_is_told_when_the_other_end_goes(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    packets = Packets(ours, ignore)
    sending = [asyncio.ensure_future(packets.send({"filling": "x" * 100_000})) for _ in range(10)]
    await asyncio.sleep(0)
    theirs.close()
    told = await asyncio.gather(*sending, return_exceptions=True)
    assert isinstance(told[-1], HelperGone)
    with pytest.raises(HelperGone):
        await packets.send({})
    packets.send_soon({})


async def test_descriptors_that_come_with_a_packet_are_not_handed_on(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    heard: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
    packets = Packets(ours, lambda _message, descriptors: heard.set_result(descriptors))
    socket.send_fds(theirs, [b"{}"], [0])
    (descriptor,) = await heard
    packets.close()
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


async def test_answers_go_to_who_asked_in_whatever_order(pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    questions = Questions("one")
    packets = Packets(ours, ignore)
    asked = [asyncio.ensure_future(questions.ask(packets, {"op": f"q{n}"})) for n in range(3)]
    await asyncio.sleep(0)
    numbers = [number_of(theirs) for _ in range(3)]
    for number in reversed(numbers):
        questions.answer({"number": number, "told": number}, [])
    assert [answer["told"] for answer, _ in await asyncio.gather(*asked)] == numbers
    packets.close()


async def test_an_answer_that_comes_while_its_asker_gives_up_leaks_no_descriptor(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    questions = Questions("one")
    packets = Packets(ours, ignore)
    for answered_first in (True, False):
        asking = asyncio.ensure_future(questions.ask(packets, {"op": "socket"}))
        await asyncio.sleep(0)
        descriptor = os.dup(0)
        answer: News = {"number": number_of(theirs)}
        if answered_first:
            questions.answer(answer, [descriptor])
            asking.cancel()
        else:
            asking.cancel()
            await asyncio.sleep(0)
            questions.answer(answer, [descriptor])
        with pytest.raises(asyncio.CancelledError):
            await asking
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    packets.close()


async def test_an_error_is_told_to_who_asked_and_an_unknown_answer_to_nobody(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    ours, theirs = pair
    questions = Questions("one")
    packets = Packets(ours, ignore)
    asking = asyncio.ensure_future(questions.ask(packets, {"op": "socket"}))
    await asyncio.sleep(0)
    questions.answer({"number": 12_345}, [])
    questions.answer({"number": number_of(theirs), "error": "too many open files"}, [])
    with pytest.raises(EnvironmentUnavailable, match="too many open files"):
        await asking
    packets.close()


async def test_questions_are_bounded_and_end_with_the_sandbox(
    pair: tuple[socket.socket, socket.socket],
) -> None:
    questions = Questions("one")
    packets = Packets(pair[0], ignore)
    asked = [asyncio.ensure_future(questions.ask(packets, {"op": "socket"})) for _ in range(MOST_OPEN)]
    await asyncio.sleep(0)
    with pytest.raises(EnvironmentUnavailable, match="16 questions"):
        await questions.ask(packets, {"op": "socket"})
    questions.lose()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert all(isinstance(one, EnvironmentUnavailable) for one in told)
    packets.close()
