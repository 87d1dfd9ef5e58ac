"""Error objects the platform makes when a function could not answer, as pure functions.

Source: spec of the Runtime API §9 (payloads recorded from AWS). `{request_id}` texts name the
invocation; a failure of Init is stored with a placeholder because no invocation has it yet.
"""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass

from lambdad.domain.limits import MAX_SYNC_RESPONSE_BYTES
from lambdad.worker.sandbox.plan import ExitStatus

REQUEST_ID = "{request_id}"
_MOST_TYPE_CHARACTERS = 256
"""Of an error type that is taken over: it is kept with the invocation."""


_CAUSE_TYPE = b"application/vnd.aws.lambda.error.cause+json"


@dataclass(frozen=True, slots=True)
class InitFailure:
    """Why Init did not succeed.

    Attributes:
        payload: the error object for the caller; ``{request_id}`` stands where the id belongs.
        error_type: AWS's type, for the log.
    """

    payload: bytes
    error_type: str


def error_payload(content_type: bytes | None, body: bytes) -> bytes:
    """What the caller sees of a runtime's error report: the body, without a cause meant for X-Ray.

    Source: AWS's emulator.
    """
    if content_type is None or content_type.lower() != _CAUSE_TYPE:
        return body
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        return b'"Invalid error body"'
    shown = {name: found.get(name, "") for name in ("errorMessage", "errorType")}
    if found.get("stackTrace"):
        shown["stackTrace"] = found["stackTrace"]
    return json.dumps(shown, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def error_object(error_type: str, message: str) -> bytes:
    """The JSON a caller sees, in AWS's member order."""
    return json.dumps(
        {"errorType": error_type, "errorMessage": message}, separators=(",", ":"), ensure_ascii=False
    ).encode()


def timed_out(request_id: str, timeout_s: float) -> bytes:
    """The function did not answer in time."""
    return error_object(
        "Sandbox.Timedout", f"RequestId: {request_id} Error: Task timed out after {timeout_s:.2f} seconds"
    )


def exited(request_id: str, status: ExitStatus) -> tuple[str, bytes]:
    """The runtime ended without an answer: AWS's error type and the error object."""
    if status.error is not None:
        error_type = "Runtime.InvalidEntrypoint"
        return error_type, error_object(error_type, f"RequestId: {request_id} Error: {status.error}")
    error_type = "Runtime.OutOfMemory" if status.ran_out_of_memory else "Runtime.ExitError"
    if status.signal is not None:
        words = f"Runtime exited with error: signal: {signal_words(status.signal)}"
    elif status.code:
        words = f"Runtime exited with error: exit status {status.code}"
    else:
        words = "Runtime exited without providing a reason"
    return error_type, error_object(error_type, f"RequestId: {request_id} Error: {words}")


def extension_ended(reported: str | None, status: ExitStatus) -> tuple[str, str]:
    """The process of an extension has ended: AWS's error type, and the words behind ``Error: ``.

    Args:
        reported: what the extension said of itself before; None when nothing.
        status: how it ended.
    """
    if status.error is not None:
        return "Extension.LaunchError", status.error
    if status.signal is not None:
        words = f"signal: {signal_words(status.signal)}"
    elif status.code:
        words = f"exit status {status.code}"
    else:
        words = "exit code 0"
    return reported or "Extension.Crash", words


def too_large() -> tuple[str, bytes]:
    """The answer is over 6 MB."""
    error_type = "Function.ResponseSizeTooLarge"
    text = f"Response payload size exceeded maximum allowed payload size ({MAX_SYNC_RESPONSE_BYTES} bytes)."
    body = json.dumps({"errorMessage": text, "errorType": error_type}, separators=(",", ":"))
    return error_type, body.encode()


_GO_SIGNAL_WORDS = {
    signal.SIGHUP: "hangup",
    signal.SIGINT: "interrupt",
    signal.SIGQUIT: "quit",
    signal.SIGILL: "illegal instruction",
    signal.SIGTRAP: "trace/breakpoint trap",
    signal.SIGABRT: "aborted",
    signal.SIGBUS: "bus error",
    signal.SIGFPE: "floating point exception",
    signal.SIGKILL: "killed",
    signal.SIGUSR1: "user defined signal 1",
    signal.SIGSEGV: "segmentation fault",
    signal.SIGUSR2: "user defined signal 2",
    signal.SIGPIPE: "broken pipe",
    signal.SIGALRM: "alarm clock",
    signal.SIGTERM: "terminated",
}


def signal_words(number: int) -> str:
    """A signal as AWS's agent (written in Go) words it."""
    try:
        return _GO_SIGNAL_WORDS.get(signal.Signals(number), f"signal {number}")
    except ValueError:
        return f"signal {number}"


def error_type_of(head_value: bytes | None, body: bytes) -> str:
    """AWS's error type of a runtime's error report: from the header, else from the body."""
    if head_value:
        return sanitised(head_value.decode("latin-1"))
    try:
        found = json.loads(body).get("errorType", "")
    except (ValueError, AttributeError, RecursionError):
        return "Runtime.Unknown"
    return sanitised(found) if isinstance(found, str) and found else "Runtime.Unknown"


def sanitised_extension_type(error_type: str) -> str:
    """What an extension calls its error, as far as AWS takes it over.

    Source: AWS's emulator; touches logs and the caller's error type.
    """
    family, dot, word = error_type.partition(".")
    if dot and family == "Extension" and len(word) > 1 and word.isalpha() and word[0].isupper():
        return error_type
    return "Extension.Unknown"


def sanitised(error_type: str) -> str:
    """Keep `Runtime.Word` and `Function.Word`; anything else becomes an Unknown of its family.

    Source: AWS's emulator; this touches logs only, never the caller's payload.
    """
    if len(error_type) > _MOST_TYPE_CHARACTERS:
        return "Runtime.Unknown"
    family, dot, word = error_type.partition(".")
    if dot and family in {"Runtime", "Function"} and len(word) > 1 and word.isalpha() and word[0].isupper():
        return error_type
    return "Function.Unknown" if error_type.startswith("Function.") else "Runtime.Unknown"
