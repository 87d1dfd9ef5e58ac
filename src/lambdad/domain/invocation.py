"""One object per invocation, from the edge to the runtime and back.

It is made once, handed down the path and settled exactly once; nothing else is allocated for a
warm invoke. `Target` holds what is the same for every invocation of one function under one name.
"""

from __future__ import annotations

from collections.abc import Callable

from lambdad.domain.errors import LambdadError
from lambdad.domain.function import FunctionVersion
from lambdad.domain.outcome import Status
from lambdad.domain.streaming import Outlet
from lambdad.domain.trace_context import Traced


class Target:
    """A resolved function: the version that runs and the name it was called by.

    Attributes:
        version: what runs.
        invoked_arn: the ARN as the caller addressed it (unqualified when no qualifier was given).
        tenant: whom it is for; None unless its function keeps tenants apart.
        head: `next` response head as a template for (request id, deadline ms, trace header, body length).
    """

    __slots__ = ("head", "invoked_arn", "tenant", "version")

    def __init__(self, version: FunctionVersion, invoked_arn: str, tenant: str | None = None) -> None:
        self.version = version
        self.invoked_arn = invoked_arn
        self.tenant = tenant
        self.head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Lambda-Runtime-Aws-Request-Id: %s\r\nLambda-Runtime-Deadline-Ms: %d\r\n"
            b"Lambda-Runtime-Invoked-Function-Arn: "
            + _literally(invoked_arn)
            + (b"" if tenant is None else b"\r\nLambda-Runtime-Aws-Tenant-Id: " + _literally(tenant))
            + b"\r\nLambda-Runtime-Trace-Id: %s\r\nContent-Length: %d\r\n\r\n"
        )


class Invocation:
    """A call under way.

    Attributes:
        request_id: the id caller, function and log share.
        payload: the event, untouched.
        trace: `X-Amzn-Trace-Id` the function sees.
        client_context: decoded JSON; None when absent.
        want_tail: the caller asked for the log tail.
        on_done: called once, on the loop, when `status` or `error` is set; the frontend's books.
        reply: then called by the frontend: whoever asked.
        status: how the function ended; None until then, and when it never ran.
        error: why it never ran; None otherwise.
        result: payload for the caller.
        error_type: AWS's type for the report line; None on success and for handler errors.
        log_tail: last 4 KiB of log when asked for.
        stream: takes the response as it comes; None when the caller wants it in one piece, until the
            function streams all the same.
        began: monotonic seconds when it was admitted; 0.0 when nobody noted that.
        waited_s: from then until it was handed to an environment.
        traced: None unless it is sampled.
        accepted_ms: when it was accepted as an event, ms since the epoch; None when nobody noted that.
    """

    __slots__ = (
        "accepted_ms",
        "began",
        "client_context",
        "error",
        "error_type",
        "log_tail",
        "on_done",
        "payload",
        "reply",
        "request_id",
        "result",
        "status",
        "stream",
        "target",
        "trace",
        "traced",
        "waited_s",
        "want_tail",
    )

    def __init__(
        self,
        target: Target,
        request_id: str,
        payload: bytes,
        trace: str,
        on_done: Callable[[Invocation], None],
        client_context: bytes | None = None,
        want_tail: bool = False,
    ) -> None:
        self.target = target
        self.request_id = request_id
        self.payload = payload
        self.trace = trace
        self.on_done = on_done
        self.reply = on_done
        self.client_context = client_context
        self.want_tail = want_tail
        self.status: Status | None = None
        self.error: LambdadError | None = None
        self.result = b""
        self.error_type: str | None = None
        self.log_tail: bytes | None = None
        self.stream: Outlet | None = None
        self.began = 0.0
        self.waited_s = 0.0
        self.traced: Traced | None = None
        self.accepted_ms: int | None = None

    def settle(self, status: Status, result: bytes, error_type: str | None = None) -> None:
        """The function ended: tell whoever asked."""
        self.status = status
        self.result = result
        self.error_type = error_type
        self.on_done(self)

    def refuse(self, error: LambdadError) -> None:
        """The function was never started: tell whoever asked."""
        self.error = error
        self.on_done(self)


def _literally(text: str) -> bytes:
    """As it stands in a template."""
    return text.encode().replace(b"%", b"%%")
