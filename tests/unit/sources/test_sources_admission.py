"""Whether a queue suits a function, in AWS's words."""

from __future__ import annotations

import pytest

from lambdad.domain.errors import InvalidParameter
from lambdad.ports.message_queue import QueueTrouble
from lambdad.sources.sqs.queues import Queues
from tests.fakes.queue_stage import HERE, QueueStage
from tests.fakes.worker import version_of


async def refusal(stage: QueueStage, timeout_s: int = 3) -> str | None:
    queues = Queues(stage.tools, is_configured=lambda: True)
    try:
        await queues.admit(HERE, stage.mapping(), version_of("f", scope=HERE, timeout_s=timeout_s))
    except InvalidParameter as error:
        return str(error)
    return None


async def test_a_queue_that_suits_is_admitted():
    assert await refusal(QueueStage(visibility_s=30), timeout_s=30) is None


async def test_a_visibility_timeout_below_the_functions_timeout_is_refused():
    words = "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds"
    assert await refusal(QueueStage(visibility_s=30), timeout_s=31) == words


@pytest.mark.parametrize("action", ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"])
async def test_a_role_that_lacks_a_permission_is_named(action: str):
    stage = QueueStage()
    stage.roles.denied.add(f"sqs:{action}")
    words = f"The function execution role does not have permissions to call {action} on SQS"
    assert await refusal(stage) == words
    assert stage.sqs.requests == [], "nothing is asked of a queue that the role may not read"


async def test_a_queue_that_is_not_there_is_refused():
    stage = QueueStage()
    stage.sqs.queues.clear()
    assert await refusal(stage) == (
        "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. "
        "SQS Error Message: The specified queue does not exist."
    )


async def test_a_queue_that_refuses_or_does_not_answer_is_told():
    stage = QueueStage()
    stage.sqs.trouble = QueueTrouble("denied", "AccessDeniedException")
    words = "The function execution role does not have permissions to call GetQueueAttributes on SQS"
    assert await refusal(stage) == words
    stage.sqs.trouble = QueueTrouble("sqs at http://x did not answer: no route")
    assert await refusal(stage) == "sqs at http://x did not answer: no route"


def test_without_sqs_nothing_is_polled():
    there = [False]
    queues = Queues(QueueStage().tools, is_configured=lambda: there[0])
    assert "lambdad neighbours install" in (queues.not_polled() or "")
    there[0] = True
    assert queues.not_polled() is None
