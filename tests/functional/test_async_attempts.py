"""How often and when events are tried, and what changes of the function mean for those that wait."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from calling import call
from event_calls import APP, arn_of, later, queue_of, send, starve, treat
from local_services import LocalServices, eventually, server_with_services

from tests.running import Server, zip_of

MENDED = APP.replace('event.get("fail")', "False")
FAILING = {"fail": "no"}


def counted(server: Server, name: str, qualifier: str | None = None) -> Any:
    return (queue_of(server, name, qualifier) or {"since_start": {}})["since_start"]


def waits_for_its_retry(server: Server, name: str, qualifier: str | None = None) -> None:
    """Wait until an event has failed once more and waits for its next attempt."""
    eventually(lambda: (queue_of(server, name, qualifier) or {}).get("next_attempt_s"), "an attempt")


def status(server: Server) -> Any:
    """The queue as `lambdad status` shows it."""
    command = [sys.executable, "-m", "lambdad.cli.entry", "status", "--json", "--endpoint", server.url]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout)["events"]


def runs(server: Server, name: str, count: int) -> str:
    """What a function has printed, once it ran so often; empty before."""
    logged = "".join(server.messages(name))
    assert logged.count("ran ") <= count
    return logged if logged.count("ran ") == count else ""


def told(services: LocalServices, queue: str) -> tuple[Any, Any]:
    """Condition and attempts of the one record there is."""
    context = services.records(queue)[0]["requestContext"]
    return context["condition"], context["approximateInvokeCount"]


def test_retries_ages_and_changes_of_configuration_are_as_the_qualifier_says(tmp_path: Path):
    """Time passes while the server is down: events are tried again a minute and two minutes later."""
    with server_with_services(tmp_path) as (server, services):
        plain, once, aged, never, by_alias = (services.queue() for _ in range(5))
        name = server.function({"app.py": APP})
        client = server.client()
        client.publish_version(FunctionName=name)
        for alias in ("once", "aged", "never", "changed"):
            client.create_alias(FunctionName=name, Name=alias, FunctionVersion="1")
        treat(server, name, failure=plain)
        treat(server, name, failure=once, qualifier="once", MaximumRetryAttempts=1)
        treat(server, name, failure=aged, qualifier="aged", MaximumEventAgeInSeconds=60)
        treat(server, name, failure=never, qualifier="never", MaximumRetryAttempts=0)
        ids = {
            alias: send(server, name, FAILING, Qualifier=alias)
            for alias in ("once", "aged", "never", "changed")
        }
        ids["plain"] = send(server, name, FAILING)
        assert told(services, never) == ("RetriesExhausted", 1)
        assert told(services, aged) == ("EventAgeExceeded", 1), "a retry would come too late"
        for qualifier in (None, "once", "changed"):
            waits_for_its_retry(server, name, qualifier)
            assert 50 < queue_of(server, name, qualifier)["next_attempt_s"] <= 60
        treat(server, name, failure=by_alias, qualifier="changed", MaximumRetryAttempts=1)
        second = later(server, 60)
        try:
            assert told(services, once) == ("RetriesExhausted", 2)
            assert told(services, by_alias) == ("RetriesExhausted", 2), "the configuration of now decides"
            waits_for_its_retry(second, name)
            assert 110 < queue_of(second, name)["next_attempt_s"] <= 120
            third = later(second, 120)
            try:
                assert told(services, plain) == ("RetriesExhausted", 3)
                logged = eventually(lambda: runs(third, name, 9), "the log")
                tries = {alias: logged.count(f"ran {json.dumps(FAILING)} {ids[alias]}") for alias in ids}
                assert tries == {"once": 2, "aged": 1, "never": 1, "changed": 2, "plain": 3}
            finally:
                assert third.stop() == 0
        finally:
            second.stop()


@pytest.mark.full
def test_what_is_throttled_for_too_long_ends_without_having_run(tmp_path: Path):
    with server_with_services(tmp_path) as (server, services):
        records, letters = services.queue(), services.queue()
        name = server.function({"app.py": APP}, DeadLetterConfig={"TargetArn": letters})
        treat(server, name, failure=records, MaximumEventAgeInSeconds=60)
        starve(server, name)
        request_id = send(server, name, {"n": 1})
        eventually(lambda: counted(server, name).get("refused"), "a throttle")
        assert status(server) == {"queued": 1, "running": 0}
        again = later(server, 61)
        try:
            (record,) = services.records(records)
            assert record["requestContext"]["requestId"] == request_id
            assert record["requestContext"]["condition"] == "EventAgeExceeded"
            assert record["requestContext"]["approximateInvokeCount"] == 0
            assert record["requestPayload"] == {"n": 1}
            assert "responsePayload" not in record
            (letter,) = services.messages(letters, 1)
            assert json.loads(letter["Body"]) == {"n": 1}
            assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "429"
            assert status(again) == {"queued": 0, "running": 0}
            assert not any("ran " in message for message in again.messages(name))
        finally:
            assert again.stop() == 0


def test_a_retry_runs_the_code_and_tells_the_dead_letter_queue_of_then(tmp_path: Path):
    with server_with_services(tmp_path) as (server, services):
        early, late, records = (services.queue() for _ in range(3))
        mended = server.function({"app.py": APP})
        doomed = server.function({"app.py": APP}, DeadLetterConfig={"TargetArn": early})
        treat(server, mended, success=records)
        treat(server, doomed, MaximumRetryAttempts=1)
        first = send(server, mended, FAILING)
        second = send(server, doomed, FAILING)
        for name in (mended, doomed):
            waits_for_its_retry(server, name)
        client = server.client()
        client.update_function_code(FunctionName=mended, ZipFile=zip_of({"app.py": MENDED}))
        client.update_function_configuration(FunctionName=doomed, DeadLetterConfig={"TargetArn": late})
        for name in (mended, doomed):
            client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05})
        again = later(server, 60)
        try:
            (record,) = services.records(records)
            assert record["requestContext"]["requestId"] == first
            assert record["requestContext"]["approximateInvokeCount"] == 2
            assert record["responsePayload"]["event"] == FAILING
            (letter,) = services.messages(late, 1)
            assert letter["MessageAttributes"]["RequestID"]["StringValue"] == second
            assert services.messages(early, 0) == []
        finally:
            assert again.stop() == 0


@pytest.mark.parametrize("gone", ["function", "alias", "version"])
def test_events_of_what_is_deleted_are_dropped_and_nobody_is_told(shared_server: Server, gone: str):
    client = shared_server.client()
    name, heir = shared_server.function({"app.py": APP}), shared_server.function({"app.py": APP})
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    qualifier = {"function": None, "alias": "live", "version": "1"}[gone]
    treat(shared_server, name, failure=arn_of(shared_server, heir), qualifier=qualifier)
    starve(shared_server, name)
    target = f"{name}:{qualifier}" if qualifier else name
    for number in range(3):
        send(shared_server, target, number)
    eventually(lambda: counted(shared_server, name, qualifier).get("refused"), "a throttle")
    if gone == "function":
        client.delete_function(FunctionName=name)
    else:
        client.delete_alias(FunctionName=name, Name="live")
        if gone == "version":
            client.delete_function(FunctionName=name, Qualifier="1")
    eventually(lambda: queue_of(shared_server, name, qualifier)["events"] == 0, "the end of the events")
    counts = counted(shared_server, name, qualifier)
    assert (counts["tried"], counts["failed"], counts["dropped"]) == (0, 3, 3)
    assert queue_of(shared_server, heir, "$LATEST") is None


def test_a_throttled_event_keeps_its_retries_and_runs_once_it_may(shared_server: Server):
    name = shared_server.function({"app.py": APP})
    client = shared_server.client()
    starve(shared_server, name)
    request_id = send(shared_server, name, {"n": 1})
    eventually(lambda: counted(shared_server, name).get("refused", 0) >= 2, "two throttles")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)
    ids = [request_id, *(send(shared_server, name, {"n": number}) for number in range(2, 12))]
    eventually(lambda: counted(shared_server, name)["succeeded"] == 11, "the end of the events")
    logged = eventually(lambda: runs(shared_server, name, 11), "the log")
    assert [one for one in ids if one not in logged] == []
    assert counted(shared_server, name)["failed"] == 0


def test_events_run_on_provisioned_environments(shared_server: Server):
    source = APP.replace("def handler", "print('started')\ndef handler").replace(
        'os.environ.get("STAGE")', 'os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"]'
    )
    name = shared_server.function({"app.py": source})
    client = shared_server.client()
    client.publish_version(FunctionName=name)
    client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1
    )
    eventually(
        lambda: (
            client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")["Status"] == "READY"
        ),
        "READY",
    )
    request_id = send(shared_server, f"{name}:1", {"n": 1})
    logged = "".join(shared_server.messages(name, until=f"{request_id} provisioned-concurrency", within_s=60))
    assert f"{request_id} provisioned-concurrency" in logged


def test_a_chain_of_destinations_ends_and_one_that_bites_its_tail_is_stopped(shared_server: Server):
    """Two functions that are each other's destination on success: sixteen rounds, as with calls."""
    silent = APP.replace(
        'return {"id"', 'return  # {"id"'
    )  # or the records of records would be too large soon
    one, two = shared_server.function({"app.py": silent}), shared_server.function({"app.py": silent})
    last = shared_server.function({"app.py": APP})
    treat(shared_server, one, success=arn_of(shared_server, two))
    treat(shared_server, two, success=arn_of(shared_server, last))
    request_id = send(shared_server, one, {"n": 1})
    logged = "".join(shared_server.messages(last, until=request_id, within_s=60))
    assert request_id in logged, "the record of the record"
    treat(shared_server, two, success=arn_of(shared_server, one))
    send(shared_server, one, {"round": "and round"})
    eventually(
        lambda: (
            counted(shared_server, one, "$LATEST").get("looped", 0)
            + counted(shared_server, two, "$LATEST").get("looped", 0)
        ),
        "the end of the loop",
    )
    rounds = [
        sum(counted(shared_server, name, qualifier).get("succeeded", 0) for qualifier in (None, "$LATEST"))
        for name in (one, two)
    ]
    assert rounds == [17, 17], "sixteen rounds and the chain before"
    assert call(shared_server, one, {"n": 2}).error is None
