"""Dead letters become events again, and leave their queue only then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest

from lambdad.domain.errors import InvalidParameter, LambdadError, NotFound, ServiceFault
from lambdad.domain.event import Lane
from lambdad.domain.scope import Scope
from lambdad.events.policy import GONE, Gone, Policy
from lambdad.events.redriving import MOST_MESSAGES, Redriven, Redriver
from lambdad.ports.dead_letters import DeadLetter, QueueUnavailable
from tests.fakes.event_stage import LANE
from tests.fakes.moments import FakeClock

pytestmark = pytest.mark.asyncio
QUEUE = "arn:aws:sqs:us-east-1:000000000000:dead"


@dataclass
class Scene:
    """A dead-letter queue, and what was accepted."""

    policy: Policy | Gone = field(default_factory=lambda: Policy(dead_letter=QUEUE))
    letters: list[DeadLetter] = field(default_factory=list)
    accepted: list[tuple[Lane, str, bytes, str]] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    full: bool = False
    clock: FakeClock = field(default_factory=FakeClock)

    def accept(
        self,
        lane: Lane,
        request_id: str,
        payload: bytes,
        trace: str,
        stored: Callable[[LambdadError | None], None],
    ) -> None:
        assert request_id not in self.removed, "it is stored before it is removed"
        if self.full and self.accepted:
            stored(ServiceFault("the disk is full"))
            return
        self.accepted.append((lane, request_id, payload, trace))
        stored(None)

    async def receive(self, scope: Scope, queue: str) -> list[DeadLetter]:
        assert (scope, queue) == (LANE.scope, QUEUE)
        found, self.letters = self.letters[:10], self.letters[10:]
        return found

    async def remove(self, scope: Scope, queue: str, letters: Sequence[DeadLetter]) -> None:
        self.removed += [one.receipt for one in letters]

    async def redrive(self) -> Redriven:
        async def policies(_: Lane) -> Policy | Gone:
            return self.policy

        return await Redriver(self.accept, policies, self, lambda: "Root=new", self.clock).redrive(LANE)


def letter(
    number: int = 1, body: bytes = b'{"n":1}', request_id: str | None = "", sent_ms: int = 5
) -> DeadLetter:
    return DeadLetter(f"r{number}", body, f"r{number}" if request_id == "" else request_id, sent_ms)


async def test_every_dead_letter_is_queued_under_its_id_with_a_new_trace() -> None:
    scene = Scene(letters=[letter(number) for number in range(25)])
    assert await scene.redrive() == Redriven(QUEUE, 25, 0, more=False)
    assert scene.accepted[0] == (LANE, "r0", b'{"n":1}', "Root=new")
    assert scene.removed == [f"r{number}" for number in range(25)]


async def test_what_is_no_dead_letter_stays() -> None:
    scene = Scene(letters=[letter(1), letter(2, request_id=None), letter(3, b"no json"), letter(4, b"")])
    assert await scene.redrive() == Redriven(QUEUE, 2, 2, more=False)
    assert scene.removed == ["r1", "r4"]
    assert scene.accepted[1][2] == b"{}"


async def test_what_comes_back_meanwhile_waits_for_the_next_redrive() -> None:
    scene = Scene()
    now_ms = int(scene.clock.now_s * 1000)
    scene.letters = [letter(1, sent_ms=now_ms), letter(2, sent_ms=now_ms + 1000)]
    assert await scene.redrive() == Redriven(QUEUE, 1, 1, more=False)


async def test_a_redrive_ends_however_much_there_is() -> None:
    scene = Scene(letters=[letter(number) for number in range(MOST_MESSAGES + 500)])
    assert await scene.redrive() == Redriven(QUEUE, MOST_MESSAGES, 0, more=True)
    assert len(scene.letters) == 500


async def test_what_cannot_be_stored_stays_in_its_queue() -> None:
    scene = Scene(letters=[letter(1), letter(2)], full=True)
    with pytest.raises(ServiceFault, match="the disk is full"):
        await scene.redrive()
    assert scene.removed == ["r1"]


@pytest.mark.parametrize(
    ("policy", "error", "message"),
    [
        (GONE, NotFound, "Function not found"),
        (Policy(), InvalidParameter, "has no dead-letter queue"),
        (
            Policy(dead_letter="arn:aws:sns:us-east-1:000000000000:t"),
            InvalidParameter,
            "published to a topic cannot be taken back",
        ),
    ],
)
async def test_what_has_no_queue_cannot_be_redriven(
    policy: Policy | Gone, error: type[LambdadError], message: str
) -> None:
    with pytest.raises(error, match=message):
        await Scene(policy=policy).redrive()


async def test_a_queue_that_is_down_is_told() -> None:
    class Down(Scene):
        async def receive(self, scope: Scope, queue: str) -> list[DeadLetter]:
            raise QueueUnavailable("sqs at http://x did not answer")

    with pytest.raises(QueueUnavailable, match="did not answer"):
        await Down().redrive()
