"""Queues and streams at work in the console: lag by shard, a checkpoint reset, dead letters queued again."""

from __future__ import annotations

import json
import time

import pytest
from playwright.sync_api import Page, Route, expect

from tests.console.conftest import Console
from tests.running import Server

TELLS: dict[str, str | bytes] = {
    "app.py": "def handler(event, context):\n    print('took', len(event['Records']))\n"
}
FAILS: dict[str, str | bytes] = {"app.py": "def handler(event, context):\n    raise ValueError('never')\n"}
WITHIN_S = 60.0


@pytest.fixture(scope="module")
def mapping(server: Server) -> tuple[str, str]:
    """A stream with one record that a function has taken: the mapping, and the function."""
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="ticks", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="ticks", WaiterConfig={"Delay": 1})
    kinesis.put_record(StreamName="ticks", Data=b"one", PartitionKey="a")
    arn = kinesis.describe_stream_summary(StreamName="ticks")["StreamDescriptionSummary"]["StreamARN"]
    name = server.function(TELLS)
    made = server.client().create_event_source_mapping(
        FunctionName=name, EventSourceArn=arn, StartingPosition="TRIM_HORIZON"
    )
    server.messages(name, until="took", within_s=WITHIN_S)
    return made["UUID"], name


def details(page: Page, uuid: str) -> None:
    page.get_by_role("button", name=f"Details of {uuid}").click()


def takes(server: Server, name: str) -> int:
    return sum("took" in line for line in server.messages(name))


def test_a_stream_is_shown_by_shard_and_read_again_from_its_beginning(
    console: Console, server: Server, mapping: tuple[str, str]
) -> None:
    uuid, name = mapping
    page = console.open("/operations/mappings")
    expect(page.get_by_role("row").filter(has_text="ticks").first).to_contain_text("Enabled")
    details(page, uuid)
    shard = page.get_by_role("row").filter(has_text="shardId-000000000000")
    expect(shard).to_contain_text("reading")
    assert console.violations() == []
    console.picture("operations-mapping")
    before = takes(server, name)

    page.get_by_role("button", name="Reset checkpoint").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Beyond AWS")).to_be_visible()
    expect(dialog.get_by_role("button", name="Reset", exact=True)).to_be_disabled()
    dialog.get_by_label("To confirm, type reset").fill("reset")
    dialog.get_by_text("A time", exact=True).click()
    dialog.get_by_label("Time", exact=True).fill("2999-01-01T00:00:00Z")
    expect(dialog.get_by_text("It lies in the future.")).to_be_visible()
    expect(dialog.get_by_role("button", name="Reset", exact=True)).to_be_disabled()
    dialog.get_by_text("Its beginning").click()
    assert console.violations("[role=dialog]") == []

    page.route("**/lambdad/v1/mappings/reset", refuse)
    dialog.get_by_role("button", name="Reset", exact=True).click()
    expect(dialog.get_by_text("not <b>yours</b>")).to_be_visible()
    page.unroute("**/lambdad/v1/mappings/reset")
    dialog.get_by_role("button", name="Reset", exact=True).click()
    expect(page.get_by_text("ticks is read from there on.")).to_be_visible()
    deadline = time.monotonic() + WITHIN_S
    while takes(server, name) == before and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    assert takes(server, name) > before


def refuse(route: Route) -> None:
    route.fulfill(
        status=403,
        json={"message": "not <b>yours</b>"},
        headers={"x-amzn-errortype": "AccessDeniedException"},
    )


def test_a_mapping_is_disabled_and_enabled_and_a_queue_has_no_checkpoint(
    console: Console, server: Server, mapping: tuple[str, str]
) -> None:
    sqs, client = server.client("sqs"), server.client()
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    made = client.create_event_source_mapping(FunctionName=mapping[1], EventSourceArn=arn)["UUID"]
    page = console.open("/operations/mappings")
    details(page, made)
    expect(page.get_by_text("Deleted from the queue")).to_be_visible()
    expect(page.get_by_role("button", name="Reset checkpoint")).to_have_count(0)
    page.get_by_role("button", name="Close", exact=True).click()
    page.get_by_role("button", name=f"Disable {made}").click()
    expect(page.get_by_text(f"Mapping {made} is being disabled")).to_be_visible()
    expect(page.get_by_role("button", name=f"Enable {made}")).to_be_visible()
    assert client.get_event_source_mapping(UUID=made)["State"] in {"Disabling", "Disabled"}


def test_dead_letters_are_counted_and_queued_again(console: Console, server: Server) -> None:
    sqs, client = server.client("sqs"), server.client()
    url = sqs.create_queue(QueueName="lost")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    name = server.function(FAILS, DeadLetterConfig={"TargetArn": arn})
    client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    client.invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps({"n": 1}))

    page = console.open("/operations/queue")
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("0 / 1")
    dialog = page.get_by_role("dialog")
    row.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Show events and counts").click()
    expect(dialog.get_by_text(arn)).to_be_visible()
    expect(dialog.get_by_text("Failed for good")).to_be_visible()
    assert console.violations("[role=dialog]") == []
    dialog.get_by_role("button", name="Close").click()

    row.get_by_role("button", name="Actions").click()
    page.get_by_role("menuitem", name="Redrive dead letters").click()
    dialog.get_by_role("button", name="Redrive", exact=True).click()
    expect(
        page.get_by_text(f"Dead letters of {name} queued again: 1; left where they are: 0.")
    ).to_be_visible()
    expect(row).to_contain_text("0 / 2")
