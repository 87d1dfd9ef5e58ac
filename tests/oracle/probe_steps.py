"""Words for steps: what an actor of a scenario sends, waits for, and does to itself.

Before: nothing. After: `probe_runtime` and `probe_extensions` make scenarios of them; `probe_agent` plays them.
A step is a dictionary whose first key names it, because it travels as JSON into the sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

RUNTIME = "/2018-06-01/runtime"
EXTENSION = "/2020-01-01/extension"
ERROR = '{"errorMessage":"it broke","errorType":"Ours.Broken","stackTrace":["a","b"]}'
UNKNOWN_ID = "11111111-2222-3333-4444-555555555555"

Step = dict[str, Any]
Steps = list[Step]

HANG: Step = {"hang": True}
SHOW_SIGTERM: Step = {"trap": "SIGTERM"}
IGNORE_SIGTERM: Step = {"trap": "SIGTERM", "ignore": True}


@dataclass(frozen=True)
class Scenario:
    """What happens in one environment.

    Attributes:
        lives: by actor (`runtime`, or the file name of an extension) what it does at its first start, its second, …
        events: what the caller sends, one after the other.
        timeout_s: the function's timeout.
        stop: end the environment after the last event and see how its processes hear of it.
        order: which of the steps (`actor: step`) have an order that counts.
        last: steps (`actor life: step`) that come after the last answer to the caller; they are waited for.
    """

    lives: dict[str, list[Steps]]
    events: tuple[int, ...] = (1,)
    timeout_s: int = 20
    stop: bool = False
    order: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    trace: str | None = None


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str, runtime: Any, events: tuple[int, ...] = (1,), ext: dict[str, Any] | None = None, **more: Any
) -> None:
    """Add a scenario; an actor with one life may be given as a list of steps."""

    def lives(steps: Any) -> list[Steps]:
        return steps if isinstance(steps[0], list) else [steps]

    actors = {"runtime": lives(runtime), **{key: lives(value) for key, value in (ext or {}).items()}}
    assert name not in SCENARIOS
    SCENARIOS[name] = Scenario(actors, events, **more)


def http(label: str, send: str, body: str = "", headers: dict[str, str] | None = None, **more: Any) -> Step:
    return {"http": label, "send": send, "body": body, "headers": headers or {}, **more}


def next_(label: str = "next", **more: Any) -> Step:
    return http(label, f"GET {RUNTIME}/invocation/next", **more)


def again(label: str = "next again") -> Step:
    """The last `next`: the environment may be frozen as soon as it is sent, so nothing can follow it."""
    return next_(label, park=True)


def answer(
    label: str = "response",
    body: str = '"fine"',
    request_id: str = "{id}",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Step:
    return http(label, f"POST {RUNTIME}/invocation/{request_id}/response", body, headers, **more)


def failure(
    label: str = "error",
    body: str = ERROR,
    request_id: str = "{id}",
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Step:
    return http(label, f"POST {RUNTIME}/invocation/{request_id}/error", body, headers, **more)


def init_error(label: str = "init/error", body: str = ERROR, headers: dict[str, str] | None = None) -> Step:
    return http(label, f"POST {RUNTIME}/init/error", body, headers)


def register(
    label: str = "register",
    events: str = '["INVOKE","SHUTDOWN"]',
    name: str = "{name}",
    body: str | None = None,
    headers: dict[str, str] | None = None,
) -> Step:
    """`name`: "" sends none; the default is the actor's own."""
    named = {"Lambda-Extension-Name": name} if name else {}
    sent = f'{{"events":{events}}}' if body is None else body
    return http(label, f"POST {EXTENSION}/register", sent, {**named, **(headers or {})})


def event_next(label: str = "event/next", identifier: str | None = "{ext}", **more: Any) -> Step:
    named = {} if identifier is None else {"Lambda-Extension-Identifier": identifier}
    return http(label, f"GET {EXTENSION}/event/next", "", named, **more)


def ext_error(
    which: str,
    label: str = "",
    identifier: str | None = "{ext}",
    kind: str | None = "Extension.Ours",
    body: str = ERROR,
) -> Step:
    """`which` is `init` or `exit`; None leaves a header out."""
    headers = {} if identifier is None else {"Lambda-Extension-Identifier": identifier}
    if kind is not None:
        headers["Lambda-Extension-Function-Error-Type"] = kind
    return http(label or f"{which}/error", f"POST {EXTENSION}/{which}/error", body, headers)


def internal(label: str, name: str = "inner", events: str = '["INVOKE"]', **more: Any) -> Step:
    """The runtime registers an extension inside itself."""
    return register(label, events, name, **more)


def collect(label: str, **more: Any) -> Step:
    """Take the answer to a request that was parked."""
    return {"collect": label, **more}


def wait(name: str) -> Step:
    return {"wait": name}


def touch(name: str) -> Step:
    return {"touch": name}


def exit_(code: int) -> Step:
    return {"exit": code}


# The runtime answers one event and stays.
LOOP: Steps = [next_(), answer(), again(), HANG]
# The extension takes one event and stays.
EXT_LOOP: Steps = [register(), event_next("event 1"), event_next("event 2", park=True), HANG]
