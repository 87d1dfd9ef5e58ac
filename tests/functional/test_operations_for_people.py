"""lambdad's own operations that show people what AWS has no operation for: environments, invocations, settings."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from contextlib import closing
from typing import Any

import pytest
from calling import call
from local_services import eventually

from tests.running import Server

DOES = {
    "app.py": """
import time
held = []
def handler(event, context):
    if event == "raise":
        raise ValueError(event)
    if event == "sleep":
        time.sleep(60)
    if event == "grow":
        held.append(bytearray(64 << 20))
    return event
"""
}


def ask(server: Server, path: str) -> Any:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/{path}") as answer:
        return json.load(answer)


def tell(server: Server, path: str, body: Any) -> Any:
    request = urllib.request.Request(f"{server.url}/lambdad/v1/{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def refused(server: Server, path: str) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(server, path)
    with caught.value as error:
        return error.code, json.load(error)["message"]


def invocations(server: Server, name: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask(server, f"functions/{name}/invocations{query}")["invocations"]
    return found


def stages(invocation: dict[str, Any]) -> dict[str, float]:
    return {one["stage"]: one["duration_ms"] for one in invocation["stages"]}


def test_runtimes_say_which_can_run_here_and_how_to_get_the_others(shared_server: Server) -> None:
    found = {one["runtime"]: one for one in ask(shared_server, "runtimes")["runtimes"]}
    assert found["python3.11"]["version"].startswith("3.11.")
    assert found["python3.11"]["remedy"] is None
    assert "provided.al2023" in found
    for name, one in found.items():
        assert one["version"] is not None or one["remedy"] == f"lambdad runtimes install {name}"


def test_the_last_invocations_say_what_became_of_them_and_of_their_time(shared_server: Server) -> None:
    name = shared_server.function(DOES, Timeout=1)
    for event in ("cold", "warm", "raise", "sleep"):
        call(shared_server, name, event)
    timed_out, failed, warm, cold = invocations(shared_server, name)
    assert [one["status"] for one in (cold, warm, failed, timed_out)] == [
        "success",
        "success",
        "error",
        "timeout",
    ]
    assert (cold["start"], warm["start"]) == ("cold", "warm")
    assert cold["start_path"] in {"pool", "fork", "spawn"}
    assert warm["start_path"] is None
    assert list(stages(cold)) == ["wait", "make", "init", "run"]
    assert list(stages(warm)) == ["wait", "run"]
    assert stages(cold)["init"] == pytest.approx(cold["init_ms"], abs=0.01)
    assert warm["init_ms"] is None
    assert warm["billed_ms"] >= warm["duration_ms"]
    assert timed_out["duration_ms"] >= 1000
    report = next(text for text in shared_server.messages(name, until="timed out") if "REPORT" in text)
    assert cold["request_id"] in report
    assert f"Max Memory Used: {cold['max_memory_mib']} MB" in report
    groups = shared_server.client("logs").describe_log_streams(logGroupName=cold["log_group"])
    assert cold["log_stream"] in [stream["logStreamName"] for stream in groups["logStreams"]]
    assert [one["request_id"] for one in invocations(shared_server, name, "?limit=2")] == [
        timed_out["request_id"],
        failed["request_id"],
    ]


def test_an_event_says_how_long_it_was_queued(shared_server: Server) -> None:
    name = shared_server.function(DOES)
    shared_server.client().invoke(FunctionName=name, InvocationType="Event", Payload=b'"later"')
    (event,) = eventually(lambda: invocations(shared_server, name))
    assert event["accepted_ms"] <= event["started_ms"]
    assert next(iter(stages(event))) == "queue"


def test_a_function_without_invocations_has_none_and_one_that_is_not_there_is_said_so(
    shared_server: Server,
) -> None:
    assert invocations(shared_server, shared_server.function(DOES)) == []
    assert refused(shared_server, "functions/nobody/invocations")[0] == 404


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("functions/f/invocations?limit=0", "limit must be a number from 1 to 100"),
        ("functions/f/invocations?limit=101", "limit must be a number from 1 to 100"),
        ("functions/f/invocations?limit=%C2%B2", "limit must be"),
        ("functions/f:1/invocations", "without a version"),
        ("functions/%20/invocations", "1 validation error"),
        ("environments?limit=x", "limit must be a number from 1 to 1000"),
    ],
)
def test_a_wrong_question_is_told_what_is_right(shared_server: Server, path: str, words: str) -> None:
    status, message = refused(shared_server, path)
    assert status == 400
    assert words in message


def test_environments_say_where_they_are_and_what_they_use(shared_server: Server) -> None:
    name = shared_server.function(DOES, MemorySize=256)
    for event in ("hello", "grow"):
        call(shared_server, name, event)

    def rests() -> dict[str, Any] | None:
        found: dict[str, Any] = ask(shared_server, f"environments?function={name}")
        return found if found["environments"][0]["state"] in {"idle", "frozen"} else None

    found = eventually(rests)
    (one,) = found["environments"]
    assert (one["version"], one["invocations"]) == ("$LATEST", 2)
    assert 0 <= one["idle_s"] <= one["age_s"] < one["expires_s"]
    assert one["start_path"] in {"pool", "fork", "spawn"}
    assert one["memory_limit_bytes"] == 256 << 20
    assert 64 << 20 <= one["memory_bytes"] <= one["memory_limit_bytes"]
    assert one["highest_memory_bytes"] >= one["memory_bytes"] - (16 << 20)
    assert one["log_stream"] == invocations(shared_server, name)[0]["log_stream"]
    assert found["total"] == 1
    host = found["host"]
    assert host["cpus"] >= 1
    assert host["available_memory_bytes"] <= host["memory_bytes"]
    assert host["isolation"] == ask(shared_server, "status")["isolation"]
    assert host["capacity"]["most_environments"] >= 1


def test_environments_of_all_functions_are_counted_and_shown_up_to_the_limit(shared_server: Server) -> None:
    for _ in range(2):
        call(shared_server, shared_server.function(DOES), "hello")
    found = ask(shared_server, "environments?limit=1")
    assert len(found["environments"]) == 1
    assert found["total"] >= 2
    assert ask(shared_server, "environments?function=nobody")["environments"] == []


def test_settings_are_shown_with_what_they_mean(shared_server: Server) -> None:
    shown = {one["name"]: one for one in ask(shared_server, "settings")["settings"]}
    assert shown["data_dir"]["value"] == str(shared_server.data_dir)
    assert not shown["data_dir"]["is_default"]
    assert (shown["auth"]["value"], shown["auth"]["is_default"]) == ("permissive", True)
    assert shown["signature_skew_s"]["unit"] == "seconds"
    assert "callers must be known" in shown["auth"]["what"]


@pytest.mark.parametrize(
    ("document", "kind", "found"),
    [
        ('{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}', "identity", (None,) * 4),
        ('{\n  "Statement": [}', "identity", ("it is not JSON", None, 2, 17)),
        (
            '{"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}, {"Effect": "Maybe"}]}',
            "identity",
            ("Effect must be Allow or Deny", 1, None, None),
        ),
        (
            '{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}',
            "trust",
            ("a statement must have Principal", 0, None, None),
        ),
        ('{"Version": "2020"}', "resource", ("Version must be 2012-10-17 or 2008-10-17", None, None, None)),
    ],
)
def test_a_document_is_checked_before_it_is_put(
    shared_server: Server, document: str, kind: str, found: tuple[object, ...]
) -> None:
    answer = tell(shared_server, "auth/check", {"document": document, "kind": kind})
    assert tuple(answer[name] for name in ("problem", "statement", "line", "column")) == found
    assert answer["valid"] is (found[0] is None)


@pytest.mark.parametrize("body", [{}, [], {"document": "{}"}, {"document": 1, "kind": "trust"}, {"kind": []}])
def test_a_check_needs_a_document_and_what_it_is_to_be(shared_server: Server, body: object) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        tell(shared_server, "auth/check", body)
    with caught.value as error:
        assert error.code == 400
        assert "The body must be" in json.load(error)["message"]


def test_a_caller_sees_which_services_its_role_last_used(shared_server: Server) -> None:
    iam = shared_server.client("iam")
    arn = iam.create_user(UserName="seen")["User"]["Arn"]
    iam.attach_user_policy(UserName="seen", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="seen")["AccessKey"]
    client = shared_server.client_of(key, "lambda", region="eu-west-1")
    with closing(client):
        client.list_functions()
    job = iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    found = iam.get_service_last_accessed_details(JobId=job)["ServicesLastAccessed"]
    used = {one["ServiceNamespace"]: one.get("LastAuthenticatedRegion") for one in found}
    assert (used["lambda"], used["s3"]) == ("eu-west-1", None)


def test_events_that_wait_are_told_with_their_attempts_and_when_they_are_tried(shared_server: Server) -> None:
    name = shared_server.function(DOES)
    for event in (b'"raise"', b'"fine"'):
        shared_server.client().invoke(FunctionName=name, InvocationType="Event", Payload=event)

    def tried() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = ask(shared_server, f"queue/events?function={name}")["events"]
        return found if [one["attempts"] for one in found] == [1] else []

    (waiting,) = eventually(tried)
    (failed,) = [one for one in invocations(shared_server, name) if one["status"] == "error"]
    assert waiting["request_id"] == failed["request_id"]
    assert waiting["next_attempt_s"] > waiting["age_s"] >= 0
    queue = ask(shared_server, "queue?limit=1")
    assert len(queue["queues"]) == 1
    assert queue["total"]["queues"] >= 1
    assert refused(shared_server, "queue/events?function=nobody")[0] == 404
    assert refused(shared_server, "queue/events") == (400, "function must be name, name:qualifier or ARN.")
