"""What runs in the companion's own interpreter, as far as it needs no ministack."""

from __future__ import annotations

import json
import socket
from types import ModuleType
from typing import Any

import pytest

from lambdad.neighbours.companion.program.lambdad_companion import functions, guard, hooks, outgoing, source
from lambdad.neighbours.companion.program.lambdad_companion.door import Answer
from lambdad.neighbours.companion.program.lambdad_companion.stacks.calls import fitted
from lambdad.neighbours.companion.program.lambdad_companion.stacks.resource import changed, gone, tag_map

DOOR = 4_000


@pytest.mark.parametrize(
    ("host", "port", "outbound", "expected"),
    [
        ("127.0.0.1", DOOR, True, True),
        ("127.0.0.1", DOOR, False, True),
        ("127.0.0.1", 80, True, False),
        ("127.0.0.2", DOOR, True, False),
        ("::1", 80, True, False),
        ("::ffff:127.0.0.1", 80, True, False),
        ("169.254.169.254", 80, True, False),
        ("fe80::1%eth0", 80, True, False),
        ("0.0.0.0", 80, True, False),
        ("::", 80, True, False),
        ("localhost", 80, True, False),
        ("203.0.113.7", 443, True, True),
        ("203.0.113.7", 443, False, False),
    ],
)
def test_the_companion_connects_to_the_door_and_elsewhere_never_to_this_host(
    host: str, port: int, outbound: bool, expected: bool
) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    assert outgoing.allowed(family, socket.SOCK_STREAM, (host, port), DOOR, outbound=outbound) is expected


def test_the_companion_connects_to_no_socket_of_a_file_and_none_of_this_hosts_addresses() -> None:
    assert not outgoing.allowed(
        socket.AF_UNIX, socket.SOCK_STREAM, "/var/run/docker.sock", DOOR, outbound=True
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("203.0.113.7", 9))
        except OSError:
            return  # this host has no address but its loopback's
        ours = probe.getsockname()[0]
    assert not outgoing.allowed(socket.AF_INET, socket.SOCK_STREAM, (ours, 22), DOOR, outbound=True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/_ministack/reset", True),
        ("/%5Fministack/reset", True),
        ("//_ministack/reset", True),
        ("/_localstack/health", True),
        ("/_aws/lambda-url/x", True),
        ("/_aws/execute-api/a/b/../../../_ministack/reset", True),
        ("/health", True),
        ("/_ministack/cfn-response/t", False),
        ("/_aws/execute-api/a/prod/x", False),
        ("/bucket/_key", False),
        ("/", False),
    ],
)
def test_paths_of_ministacks_own_are_known(path: str, expected: bool) -> None:
    assert guard.is_own(path) is expected


async def asked(headers: list[tuple[bytes, bytes]], path: str = "/bucket") -> tuple[int, Any]:
    """What becomes of a request: status, and what the application behind saw."""
    seen: dict[str, Any] = {}
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.update(headers=scope["headers"], caller=source.CALLER.get(), service=source.SERVICE.get())
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await guard.guarded(app, "token")({"type": "http", "path": path, "headers": headers}, None, send)
    return sent[0]["status"], seen


async def test_only_who_has_the_token_comes_in_and_nothing_of_it_goes_further() -> None:
    token = (b"x-lambdad-token", b"token")
    assert (await asked([]))[0] == 403
    assert (await asked([(b"x-lambdad-token", b"other")]))[0] == 403
    assert (await asked([token], "/_ministack/reset"))[0] == 404
    more = [(b"host", b"h"), (b"x-lambdad-caller", b"ticket"), (b"x-lambdad-for", b"s3")]
    status, seen = await asked([token, *more])
    assert status == 200
    assert seen == {"headers": [(b"host", b"h")], "caller": "ticket", "service": "s3"}


def test_a_function_that_is_not_there_or_takes_other_arguments_has_moved() -> None:
    module = ModuleType("ministack.services.some")
    vars(module)["there"] = lambda one, two: (one, two)
    with pytest.raises(hooks.HookMoved, match=r"ministack\.services\.some has no missing"):
        hooks.replace(module, "missing", "one", print)
    with pytest.raises(hooks.HookMoved, match=r"takes \(one two\), not \(one\)"):
        hooks.replace(module, "there", "one", print)
    before = hooks.replace(module, "there", "one two", lambda one, two: one)
    assert (module.there(1, 2), before(1, 2)) == (1, (1, 2))


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(200, {}, b'{"a": 1}'), {"body": {"a": 1}}),
        (Answer(200, {}, b""), {"body": None}),
        (
            Answer(200, {"x-amz-function-error": "Unhandled"}, b'{"errorType": "E"}'),
            {"body": {"errorType": "E"}, "error": True, "function_error": "Unhandled"},
        ),
        (
            Answer(404, {"x-amzn-errortype": "ResourceNotFoundException"}, b'{"Message": "no"}'),
            {
                "error": True,
                "throttle": False,
                "body": {"errorType": "Lambda.ResourceNotFoundException", "errorMessage": "no"},
            },
        ),
        (
            Answer(429, {"x-amzn-errortype": "TooManyRequestsException"}, b'{"message": "slow"}'),
            {
                "error": True,
                "throttle": True,
                "body": {"errorType": "Lambda.TooManyRequestsException", "errorMessage": "slow"},
            },
        ),
    ],
)
def test_answers_of_invoke_become_outcomes(answer: Answer, expected: dict[str, Any]) -> None:
    assert functions.result_of(answer) == expected


def test_who_acts_is_a_service_or_else_the_caller_of_the_request() -> None:
    assert source.who() == {}
    token = source.CALLER.set("ticket")
    try:
        assert source.who() == {"x-lambdad-caller": "ticket"}
        with source.acting(source.Source("s3.amazonaws.com", "arn:b", "1")):
            assert source.who() == {
                "x-lambdad-service": "s3.amazonaws.com",
                "x-lambdad-source-arn": "arn:b",
                "x-lambdad-source-account": "1",
            }
        assert source.who() == {"x-lambdad-caller": "ticket"}
    finally:
        source.CALLER.reset(token)


def test_values_of_templates_become_what_an_api_takes() -> None:
    import botocore.session

    model = botocore.session.get_session().get_service_model("lambda")
    shape = model.operation_model("CreateFunction").input_shape
    given = {"Timeout": "20", "Publish": "true", "Environment": {"Variables": {"N": 1, "B": True}}}
    wanted = {"Timeout": 20, "Publish": True, "Environment": {"Variables": {"N": "1", "B": "true"}}}
    assert json.dumps(fitted(shape, given)) == json.dumps(wanted)


def test_what_a_template_says_no_more_goes_back_to_its_default() -> None:
    defaults = {"Timeout": 3, "Description": "", "Layers": []}
    assert changed({"Timeout": 9, "Layers": ["a"]}, {"Layers": ["b"]}, defaults) == {
        "Timeout": 3,
        "Layers": ["b"],
    }
    assert gone(["a", "b"], ["b"]) == ["a"]
    assert tag_map([{"Key": "a", "Value": "1"}]) == tag_map({"a": "1"}) == {"a": "1"}
