"""What is said of a mapping that cannot work: `LastProcessingResult`, and refusals of a creation; pure.

Source: radkawar/stackd's recordings of September 2026 (sqs_mapping_authorization) for permissions; users'
reports (terraform-provider-aws issue 18099) for the visibility timeout; the API reference for "PROBLEM:
Function call failed"; a refusal of the queue is told in the queue's own words.
"""

from __future__ import annotations

from typing import Final

OK: Final = "OK"
FUNCTION_FAILED: Final = "PROBLEM: Function call failed"
INTERNAL: Final = "internal Lambda error. Please see the log of lambdad."
"""A defect of ours. Source: mappings of streams that users show (al-collector-js, og-aws) for the first
sentence; the second tells there to ask AWS's support."""
WRONG_SEQUENCE: Final = (
    "PROBLEM: Sequence number in function response is invalid. Please check function implementation."
)
"""A function named records that were not in its batch. Source: radkawar/stackd, measured."""

_PROBLEM: Final = "PROBLEM: "
_DENIALS: Final = frozenset({"AccessDenied", "UnauthorizedOperation"})
_OLD_CODES: Final = {"QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue"}
"""Names that errors of SQS have in the older protocol, which Lambda's words show."""


def problem(sentence: str) -> str:
    """A sentence as `LastProcessingResult`."""
    return _PROBLEM + sentence


def lacks(action: str) -> str:
    """The role may not do something, named with its service (``sqs:ReceiveMessage``)."""
    service, _, operation = action.partition(":")
    return f"The function execution role does not have permissions to call {operation} on {service.upper()}"


def is_denial(code: str) -> bool:
    """Whether a service says by this that the caller may not."""
    return code.removesuffix("Exception") in _DENIALS


def refused(operation: str, text: str, code: str) -> str:
    """SQS did not do what a poller asked; `code` is empty when it did not answer."""
    if not code:
        return text
    if is_denial(code):
        return lacks(f"sqs:{operation}")
    return (
        f"Error occurred while {operation}. SQS Error Code: {_OLD_CODES.get(code, code)}. "
        f"SQS Error Message: {_message_in(text)}"
    )


def too_short(visibility_s: int, timeout_s: int) -> str:
    """A queue gives messages to somebody else while the function still works on them."""
    return (
        f"Queue visibility timeout: {visibility_s} seconds is less than Function timeout: {timeout_s} seconds"
    )


def _message_in(text: str) -> str:
    """The service's own words out of what was told for people."""
    for member in ('"message":', '"Message":'):
        _, found, rest = text.partition(member)
        if found:
            return rest.strip().removeprefix('"').partition('"')[0]
    return text
