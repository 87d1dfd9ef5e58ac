"""Where lambdad answers otherwise than AWS's emulator, and the source that outranks it.

The emulator stands in for one environment on a developer's machine: it has no second attempt at Init, no
function error header, words of its own for a timeout, and it stubs telemetry. Every entry says what lambdad
answers instead; an entry that explains nothing any more fails the test.
"""

from __future__ import annotations

from dataclasses import dataclass

OK = r'202 \{"status":"OK"\}\n \[content-type=application/json\]'
SPEC = "spec of the Runtime API"


@dataclass(frozen=True)
class Outranked:
    """A difference that stands.

    Attributes:
        scenario: pattern of the scenario's name.
        step: pattern of the step.
        ours: regular expression of what lambdad answers.
        source: what outranks the emulator.
        reason: why it does.
    """

    scenario: str
    step: str
    ours: str
    source: str
    reason: str


def failed(error_type: str, message: str) -> str:
    """A failure in AWS's words, as a regular expression."""
    return rf'\{{"errorType":"{error_type}","errorMessage":"RequestId: <request \d+> Error: {message}"\}}'


_DOCS_SHUTDOWN = "AWS documentation, Lambda Extensions API, Shutdown phase: SPINDOWN, TIMEOUT or FAILURE"
_SHUTDOWN_WORDS = "the emulator sends the platform's internal words"
_DOCS_INIT = f"{SPEC} §6 and AWS documentation, Init phase: a failed Init is repeated at the first invocation"
_INIT_WORDS = "the emulator loses what ended Init; after the repeated Init the caller gets the error"


def shutdown(reason: str) -> str:
    """A SHUTDOWN event."""
    return rf'200 \{{"eventType":"SHUTDOWN","deadlineMs":<ms>,"shutdownReason":"{reason}"\}} \[.*\]'


OUTRANKED = (
    Outranked(
        "*timeout*",
        "caller 1",
        failed("Sandbox.Timedout", r"Task timed out after 2\.00 seconds"),
        f"{SPEC} §9, recorded from AWS",
        "the emulator answers with plain text",
    ),
    Outranked(
        "a timeout after the response",
        "caller 1",
        '"fine"',
        "AWS documentation, Invoke phase: the response is sent when the runtime has answered",
        "the emulator holds the answer back until the runtime asks for the next event",
    ),
    Outranked("shutdown: *", "?.sh 1: event 2", shutdown("SPINDOWN"), _DOCS_SHUTDOWN, _SHUTDOWN_WORDS),
    Outranked("a timeout *", "a.sh 1: event 2", shutdown("TIMEOUT"), _DOCS_SHUTDOWN, _SHUTDOWN_WORDS),
    Outranked("*fail*", "a.sh 1: event *", shutdown("FAILURE"), _DOCS_SHUTDOWN, _SHUTDOWN_WORDS),
    Outranked(
        "exit 0 in init",
        "caller 1",
        failed("Runtime.ExitError", "Runtime exited without providing a reason"),
        _DOCS_INIT,
        _INIT_WORDS,
    ),
    Outranked(
        "exit 3 in init",
        "caller 1",
        failed("Runtime.ExitError", "Runtime exited with error: exit status 3"),
        _DOCS_INIT,
        _INIT_WORDS,
    ),
    Outranked(
        "a failure of init *",
        "caller 1",
        failed("Runtime.ExitError", "Runtime exited with error: exit status 3"),
        _DOCS_INIT,
        _INIT_WORDS,
    ),
    Outranked(
        "extension: the eleventh",
        "caller 1",
        failed("Runtime.ExitError", "Runtime exited with error: exit status 1"),
        _DOCS_INIT,
        _INIT_WORDS,
    ),
    Outranked(
        "extension: exit 0 before*",
        "caller 1",
        failed(r"Extension\.Crash", "exit code 0"),
        f"{SPEC} §9",
        _INIT_WORDS,
    ),
    Outranked(
        "extension: exit 1 * it registered",
        "caller 1",
        failed(r"Extension\.Crash", "exit status 1"),
        f"{SPEC} §9",
        _INIT_WORDS,
    ),
    Outranked(
        "extension: init/error",
        "caller 1",
        failed(r"Extension\.Crash", "exit status 1"),
        f"{SPEC} §9",
        _INIT_WORDS,
    ),
    Outranked(
        "extension: after init/error",
        "caller 1",
        failed(r"Extension\.InitError", r"exit status \d+"),
        f"{SPEC} §9",
        _INIT_WORDS,
    ),
    Outranked(
        "extension: exit/error in init",
        "caller 1",
        failed(r"Extension\.ExitError", r"exit status \d+"),
        f"{SPEC} §9",
        _INIT_WORDS,
    ),
    Outranked(
        "extension: eleven files",
        "caller 1",
        failed("TooManyExtensions", r"Extension limit \(10\) reached"),
        f"{SPEC} §9",
        _INIT_WORDS,
    ),
    *(
        Outranked(
            "extension: before it registered",
            f"a.sh 1: {step}",
            r'403 \{"errorMessage":".*","errorType":"InvalidRequestFormat"\}\n \[.*\]',
            f"{SPEC} §3",
            "the message is that of the parser of the language the emulator is written in",
        )
        for step in ("array", "events a string", "events of numbers", "not JSON")
    ),
    Outranked(
        "extension: accountId",
        "a.sh 1: register",
        r'200 \{.*,"accountId":"\d{12}"\}\n? \[.*\]',
        f"{SPEC} §3",
        "the emulator has no account",
    ),
    Outranked(
        "mode streaming, an error *",
        "caller 1",
        r"\{\}",
        f"{SPEC} §5",
        "the emulator drops trailers; a buffered Invoke is given the error they carry",
    ),
    Outranked(
        "mode [Sbo]*",
        "caller 1",
        failed(r"Runtime\.InvalidResponseModeHeader", "Invalid function response mode"),
        f"{SPEC} §5",
        "the emulator loses the reason when the runtime ends",
    ),
    Outranked(
        "answers",
        "caller 1?",
        r'\{"errorMessage":"Response payload .*","errorType":"Function.ResponseSizeTooLarge"\}',
        "recorded from AWS: the API's specification, Invoke",
        "the same object with its keys in AWS's order",
    ),
    Outranked(
        "an answer after one that was too large",
        "caller 1",
        r'\{"errorMessage":"Response payload .*","errorType":"Function.ResponseSizeTooLarge"\}',
        "recorded from AWS: the API's specification, Invoke",
        "the same object with its keys in AWS's order",
    ),
)

REPEATED_INIT = (
    "init/error*",
    "exit ? in init",
    "a failure of init *",
    "extension: the eleventh",
    "extension: init/error",
    "extension: after init/error",
    "extension: exit/error in init",
    "extension: exit ? before *",
    "extension: exit 1 after it registered",
)
"""Scenarios in which Init fails: lambdad, as AWS, tries it again inside the first invocation, with the same result.

Source: spec of the Runtime API §6 ("suppressed init").
"""
