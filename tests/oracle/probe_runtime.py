"""Scenarios of the Runtime API: routes, the order of calls, answers, errors, and runtimes that end."""

from __future__ import annotations

from probe_steps import (
    ERROR,
    HANG,
    LOOP,
    RUNTIME,
    SHOW_SIGTERM,
    Step,
    Steps,
    again,
    answer,
    exit_,
    failure,
    http,
    init_error,
    next_,
    scenario,
)

HEAD = f"POST {RUNTIME}/invocation/{{id}}/response HTTP/1.1\r\nHost: x\r\n"


def raw(label: str, data: str, **more: object) -> Step:
    return {"raw": label, "bytes": data, **more}


def one_event_each(calls: list[Step]) -> Steps:
    """A runtime that settles event after event, each in another way."""
    return [step for call in calls for step in (next_(f"next {call['http']}"), call)] + [again(), HANG]


def events_for(calls: list[Step]) -> tuple[int, ...]:
    return tuple(range(1, len(calls) + 1))


# --- routes and methods
scenario(
    "routes",
    [
        http("GET /ping", "GET /2018-06-01/ping"),
        http("POST /ping", "POST /2018-06-01/ping"),
        http("GET /", "GET /"),
        http("unknown version", "GET /2019-01-01/runtime/invocation/next"),
        http("unknown path", f"GET {RUNTIME}/invocation/previous"),
        http("POST next", f"POST {RUNTIME}/invocation/next"),
        http("HEAD next", f"HEAD {RUNTIME}/invocation/next"),
        http("PUT next", f"PUT {RUNTIME}/invocation/next"),
        http("trailing slash", f"GET {RUNTIME}/invocation/next/"),
        http("double slash", f"GET /{RUNTIME}/invocation/next"),
        http("GET response", f"GET {RUNTIME}/invocation/x/response"),
        http("PUT response", f"PUT {RUNTIME}/invocation/x/response"),
        http("GET error", f"GET {RUNTIME}/invocation/x/error"),
        http("GET init/error", f"GET {RUNTIME}/init/error"),
        http("restore/next", f"GET {RUNTIME}/restore/next"),
        http("restore/error", f"POST {RUNTIME}/restore/error", ERROR),
        http("credentials", "GET /2021-04-23/credentials"),
        *LOOP,
    ],
)
scenario("a query on next", [http("next", f"GET {RUNTIME}/invocation/next?x=1"), answer(), again(), HANG])
scenario("no Host", [raw("no host", f"GET {RUNTIME}/invocation/next HTTP/1.1\r\n\r\n"), *LOOP])
scenario(
    "not HTTP",
    [
        raw("garbage", "garbage\r\n\r\n"),
        raw("bad length", f"POST {RUNTIME}/init/error HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n"),
        raw(
            "big header", f"GET {RUNTIME}/invocation/next HTTP/1.1\r\nHost: x\r\nX: {'y' * 2_000_000}\r\n\r\n"
        ),
        *LOOP,
    ],
)
scenario(
    "HTTP/1.0",
    [
        raw("next 1.0", f"GET {RUNTIME}/invocation/next HTTP/1.0\r\n\r\n"),
        raw(
            "response 1.0",
            f'POST {RUNTIME}/invocation/{{id}}/response HTTP/1.0\r\nContent-Length: 3\r\n\r\n"1"',
        ),
        again(),
        HANG,
    ],
)
scenario(
    "expect 100",
    [next_(), raw("expect", HEAD + 'Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"1"'), again(), HANG],
)

# --- order
scenario(
    "answers before next",
    [
        answer("response", request_id="00000000-0000-0000-0000-000000000000"),
        failure("error", request_id="x"),
        *LOOP,
    ],
)
scenario("next twice while an event runs", [next_(), next_("next twice"), answer(), again(), HANG])
scenario(
    "init/error, then other calls",
    [
        [
            init_error(),
            next_("next after init/error"),
            init_error("init/error twice"),
            answer("response after init/error", request_id="x"),
            exit_(1),
        ],
    ],
)
scenario("init/error, then exit 0", [[init_error(), exit_(0)]])
scenario(
    "init/error during an event",
    [next_(), init_error(), answer(), init_error("init/error after response"), again(), HANG],
)
scenario(
    "response twice",
    [next_(), answer(), answer("response twice", '"two"'), failure("error after response"), again(), HANG],
)
scenario(
    "error twice", [next_(), failure(), failure("error twice"), answer("response after error"), again(), HANG]
)
scenario(
    "wrong ids",
    [
        next_(),
        answer("wrong id", request_id="00000000-0000-0000-0000-000000000000"),
        failure("error for a wrong id", request_id="x"),
        answer("percent id", request_id="a%20b"),
        answer("empty id", request_id=""),
        answer("dots", request_id=".."),
        answer("long id", request_id="y" * 2000),
        answer(),
        again(),
        HANG,
    ],
)
scenario(
    "the id of an earlier event",
    [
        next_(),
        answer(),
        next_("next 2"),
        answer("earlier id", '"old"', request_id="{id:first}"),
        answer("response 2", '"new"'),
        again(),
        HANG,
    ],
    events=(1, 2),
)
scenario(
    "error, then the next event",
    [next_(), failure(), next_("next 2"), answer("response 2"), again(), HANG],
    events=(1, 2),
)

# --- errors
TYPES = (
    None,
    "Function.Broken",
    "Runtime.Broken",
    "Function.broken",
    "Function.",
    "Other.Kind",
    "Handled",
    "",
    "Function.A1",
)
BODIES = {
    "empty": "",
    "not JSON": "broken {",
    "a string": '"text"',
    "other keys": '{"a":1}',
    "an array": "[1]",
    "not UTF-8": "\xff\xfe",
}
CAUSE = {"Content-Type": "application/vnd.aws.lambda.error.cause+json"}
XRAY = "Lambda-Runtime-Function-XRay-Error-Cause"
ERRORS = [
    *(
        failure(
            f"error type {kind!r}",
            headers={} if kind is None else {"Lambda-Runtime-Function-Error-Type": kind},
        )
        for kind in TYPES
    ),
    *(failure(f"error body {label}", body) for label, body in BODIES.items()),
    failure(
        "cause",
        '{"errorMessage":"m","errorType":"T","stackTrace":[],"errorCause":{"working_directory":"/"}}',
        headers=CAUSE,
    ),
    failure(
        "cause with a stack",
        '{"errorMessage":"m","errorType":"T","stackTrace":["s"],"errorCause":{}}',
        headers=CAUSE,
    ),
    failure("cause not JSON", "nope", headers=CAUSE),
    failure("cause without a message", '{"errorCause":{}}', headers=CAUSE),
    failure("text", "plain text", headers={"Content-Type": "text/plain"}),
    failure("xray", headers={XRAY: '{"working_directory":"/","exceptions":[],"paths":[]}'}),
    failure("xray not JSON", headers={XRAY: "nope"}),
    failure("big", '{"errorMessage":"' + "m" * 300_000 + '","errorType":"T"}'),
]
scenario("errors", one_event_each(ERRORS), events=events_for(ERRORS))
for label, body in BODIES.items():
    scenario(f"init/error body {label}", [[init_error(body=body), exit_(1)]])
for kind in ("Function.Broken", "Other.Kind"):
    scenario(
        f"init/error type {kind}",
        [[init_error(headers={"Lambda-Runtime-Function-Error-Type": kind}), exit_(1)]],
    )

# --- answers
KINDS = (
    "text/plain",
    "application/json; charset=utf-8",
    "application/octet-stream",
    "application/vnd.awslambda.http-integration-response",
)
ANSWERS = [
    *(answer(f"content type {kind}", headers={"Content-Type": kind}) for kind in KINDS),
    *(
        answer(f"body {label}", body)
        for label, body in (("empty", ""), ("not JSON", "broken {"), ("not UTF-8", "\xff\xfe"))
    ),
    answer("chunked", '3\r\n"ab\r\n3\r\nc"\n\r\n0\r\n\r\n', headers={"Transfer-Encoding": "chunked"}),
    answer("largest", size=6_291_556),
    answer("too large", size=6_291_557),
    answer("after too large"),
    answer(
        "too large, chunked",
        "6acfc0\r\n" + "x" * 7_000_000 + "\r\n0\r\n\r\n",
        headers={"Transfer-Encoding": "chunked"},
    ),
]
scenario("answers", one_event_each(ANSWERS), events=events_for(ANSWERS))
scenario(
    "an answer after one that was too large",
    [
        next_(),
        answer("too large", size=7_000_000),
        answer("small"),
        next_("next 2"),
        answer("response 2"),
        again(),
        HANG,
    ],
    events=(1, 2),
)
scenario(
    "mode empty", [next_(), answer(headers={"Lambda-Runtime-Function-Response-Mode": ""}), again(), HANG]
)
scenario(
    "mode streaming",
    [next_(), answer(headers={"Lambda-Runtime-Function-Response-Mode": "streaming"}), again(), HANG],
)
STREAMED = {
    "Transfer-Encoding": "chunked",
    "Lambda-Runtime-Function-Response-Mode": "streaming",
    "Trailer": "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
}
TRAILERS = (
    "Lambda-Runtime-Function-Error-Type: Function.Midway\r\nLambda-Runtime-Function-Error-Body: e30=\r\n"
)
scenario(
    "mode streaming, chunked",
    [next_(), answer(body="3\r\nabc\r\n0\r\n\r\n", headers=STREAMED), again(), HANG],
)
scenario(
    "mode streaming, an error in the trailers",
    [next_(), answer(body=f"3\r\nabc\r\n0\r\n{TRAILERS}\r\n", headers=STREAMED), again(), HANG],
)
for mode in ("Streaming", "buffered", "other"):
    scenario(
        f"mode {mode}",
        [
            next_(),
            answer(headers={"Lambda-Runtime-Function-Response-Mode": mode}),
            next_("next after it"),
            answer("response after it"),
            exit_(1),
        ],
    )
AFTER_TRUNCATED = [answer("response after truncated"), next_("next after truncated"), exit_(1)]
scenario(
    "a truncated body",
    [next_(), raw("truncated", HEAD + "Content-Length: 100\r\n\r\nhalf", close=True), *AFTER_TRUNCATED],
)
scenario(
    "a truncated chunk",
    [
        next_(),
        raw("truncated", HEAD + "Transfer-Encoding: chunked\r\n\r\n64\r\nhalf", close=True),
        *AFTER_TRUNCATED,
    ],
)

# --- runtimes that end
scenario("exit 0 in init", [[exit_(0)]])
scenario("exit 3 in init", [[exit_(3)]])
for label, end in (
    ("exit 0", exit_(0)),
    ("exit 3", exit_(3)),
    ("SIGKILL", {"kill": "SIGKILL"}),
    ("SIGSEGV", {"kill": "SIGSEGV"}),
):
    scenario(f"{label} in an event", [[next_(), end], LOOP], events=(1, 2))
scenario("exit after the response", [[next_(), answer(), exit_(0)], LOOP], events=(1, 2))
scenario("exit after the error", [[next_(), failure(), exit_(1)], LOOP], events=(1, 2))
scenario("a timeout", [[SHOW_SIGTERM, next_(), HANG], LOOP], events=(1, 2), timeout_s=2)
scenario(
    "a timeout after the response",
    [[SHOW_SIGTERM, next_(), answer(), HANG], LOOP],
    events=(1, 2),
    timeout_s=2,
)
scenario(
    "shutdown without extensions",
    [[SHOW_SIGTERM, next_(), answer(), next_("parked", park=True), HANG]],
    stop=True,
)
