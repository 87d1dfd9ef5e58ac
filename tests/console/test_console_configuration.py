"""The configuration of a function: what its panels change, what they ask before, and what they say when refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.console.conftest import Console
from tests.running import Server

CODE: dict[str, str | bytes] = {"app.py": "def handler(event, context):\n    return event\n"}
DIALOG = "[role=dialog]"
QUEUE = "arn:aws:sqs:us-east-1:000000000000:"


@pytest.fixture(scope="module")
def name(server: Server) -> str:
    """One function with a version and an alias; each test changes something else of it."""
    made = server.function(CODE)
    version = server.client().publish_version(FunctionName=made)["Version"]
    server.client().create_alias(FunctionName=made, Name="live", FunctionVersion=version)
    return made


@pytest.fixture
def page(shared: Console, name: str) -> Page:
    opened = shared.open(f"/functions/{name}/configuration")
    expect(opened.get_by_role("button", name="Make a URL")).to_be_visible()
    return opened


def deny(route: Route) -> None:
    """Refuse a change as AWS does; what is only read goes on."""
    if route.request.method == "GET":
        route.continue_()
        return
    headers = {"x-amzn-errortype": "AccessDeniedException", "x-amzn-requestid": "asked-1"}
    route.fulfill(status=403, json={"message": "not yours"}, headers=headers)


def choose(page: Page, within: Page | Locator, label: str, option: str) -> None:
    within.get_by_role("button", name=re.compile(f"^{re.escape(label)}")).click()
    page.get_by_role("option", name=re.compile(f"^{re.escape(option)}")).click()


def fill(within: Page | Locator, fields: dict[str, str]) -> None:
    for label, value in fields.items():
        within.get_by_label(label, exact=True).fill(value)


def confirm(page: Page, button: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def command(within: Page | Locator) -> Locator:
    """The shown command of a dialog, opened."""
    within.get_by_role("button", name="The same with the AWS CLI").click()
    return within.locator("code, pre").last


def policy_of(server: Server, name: str, **more: str) -> list[dict[str, Any]]:
    client = server.client()
    try:
        policy = json.loads(client.get_policy(FunctionName=name, **more)["Policy"])
    except client.exceptions.ResourceNotFoundException:
        return []
    return list(policy["Statement"])


@pytest.mark.full
def test_a_url_is_made_with_cors_changed_and_removed_only_when_it_is_confirmed(
    shared: Console, page: Page, server: Server, name: str
) -> None:
    client = server.client()
    page.get_by_text("Configure cross-origin resource sharing").click()
    page.get_by_label("Allow origins").fill("https://app.example.com\nhttps://b.example.com")
    choose(page, page, "Allow methods", "GET")
    page.keyboard.press("Escape")
    fill(page, {"Allow headers": "x-one", "Expose headers": "x-two", "Max age (s)": "60"})
    page.get_by_text("Allow credentials").click()
    page.get_by_role("button", name="Make a URL").click()
    expect(page.get_by_text("The function has a URL.")).to_be_visible()
    assert client.get_function_url_config(FunctionName=name)["Cors"] == {
        "AllowCredentials": True,
        "AllowHeaders": ["x-one"],
        "AllowMethods": ["GET"],
        "AllowOrigins": ["https://app.example.com", "https://b.example.com"],
        "ExposeHeaders": ["x-two"],
        "MaxAge": 60,
    }

    expect(page.get_by_label("Allow headers")).to_have_value("x-one")
    page.get_by_label("Max age").fill("999999")
    page.get_by_role("button", name="Save the URL").click()
    expect(page.get_by_text("Saving the URL failed")).to_be_visible()
    expect(page.get_by_text(re.compile("^Request ID: "))).to_be_visible()
    page.get_by_text("Configure cross-origin resource sharing").click()
    choose(page, page, "Callers", "NONE")
    choose(page, page, "Answers", "Streamed")
    page.get_by_role("button", name="Save the URL").click()
    expect(page.get_by_text("The URL answers so from now on.")).to_be_visible()
    found = client.get_function_url_config(FunctionName=name)
    assert (found["AuthType"], found["InvokeMode"], "Cors" in found) == ("NONE", "RESPONSE_STREAM", False)
    assert [one["Sid"] for one in policy_of(server, name)] == [
        "FunctionURLAllowPublicAccess",
        "FunctionURLInvokeAllowPublicAccess",
    ]

    page.get_by_role("button", name="Remove the URL").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Remove", exact=True)).to_be_disabled()
    expect(command(dialog)).to_contain_text("delete-function-url-config")
    assert shared.violations(DIALOG) == []
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert client.get_function_url_config(FunctionName=name)["FunctionUrl"] == found["FunctionUrl"]
    page.get_by_role("button", name="Remove the URL").click()
    dialog.get_by_label("To confirm, type remove").fill("remove")
    confirm(page, "Remove")
    expect(page.get_by_role("button", name="Make a URL")).to_be_visible()


@pytest.mark.full
def test_an_alias_has_a_url_and_a_version_statements_and_the_role_a_page(
    page: Page, server: Server, name: str
) -> None:
    choose(page, page, "URL of", "Alias live")
    page.get_by_role("button", name="Make a URL").click()
    expect(page.get_by_role("button", name="Remove the URL")).to_be_visible()
    assert (
        server.client().get_function_url_config(FunctionName=name, Qualifier="live")["AuthType"] == "AWS_IAM"
    )
    choose(page, page, "Resource policy of", "Version 1")
    page.get_by_role("button", name="Add permission").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Statement ID").fill("of-version")
    dialog.get_by_role("button", name="Add statement").click()
    expect(page.get_by_role("button", name="Remove statement of-version")).to_be_visible()
    assert [one["Sid"] for one in policy_of(server, name, Qualifier="1")] == ["of-version"]
    page.get_by_role("link", name="lambda-role").click()
    page.wait_for_url("**/iam/roles/lambda-role")


@pytest.mark.full
def test_statements_are_added_one_by_one_and_removed_when_it_is_confirmed(
    shared: Console, server: Server
) -> None:
    name = server.function(CODE)
    page = shared.open(f"/functions/{name}/configuration")
    add = page.get_by_role("button", name="Add permission")
    add.click()
    dialog = page.get_by_role("dialog")
    of_bucket = {"Source ARN": "arn:aws:s3:::photos", "Source account": "000000000000"}
    fill(dialog, {"Statement ID": "s3-photos", **of_bucket})
    assert shared.violations(DIALOG) == []
    confirm(page, "Add statement")
    expect(page.get_by_role("button", name="Remove statement s3-photos")).to_be_visible()

    add.click()
    dialog.get_by_label("Statement ID").fill("s3-photos")
    choose(page, dialog, "Who", "An account")
    dialog.get_by_label("Principal", exact=True).fill("nobody")
    dialog.get_by_role("button", name="Add statement").click()
    expect(dialog.get_by_text("The provided principal was invalid")).to_be_visible()
    expect(dialog.get_by_text(re.compile("^Request ID: "))).to_be_visible()
    dialog.get_by_label("Principal", exact=True).fill("111122223333")
    dialog.get_by_role("button", name="Add statement").click()
    expect(dialog.get_by_text("already exists")).to_be_visible()
    dialog.get_by_label("Statement ID").fill("other-account")
    confirm(page, "Add statement")

    add.click()
    dialog.get_by_label("Statement ID").fill("callers")
    choose(page, dialog, "Who", "Callers of the function URL")
    confirm(page, "Add statement")
    expect(page.get_by_role("button", name="Remove statement callersInvoke")).to_be_visible()
    found = {one["Sid"]: one for one in policy_of(server, name)}
    assert found["s3-photos"]["Condition"] == {
        "StringEquals": {"AWS:SourceAccount": "000000000000"},
        "ArnLike": {"AWS:SourceArn": "arn:aws:s3:::photos"},
    }
    assert found["other-account"]["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert {"callers", "callersInvoke"} < set(found)

    page.get_by_role("button", name="Remove statement s3-photos").click()
    expect(command(dialog)).to_contain_text("remove-permission")
    server.client().remove_permission(FunctionName=name, StatementId="s3-photos")
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(dialog.get_by_text("is not found in resource policy")).to_be_visible()
    dialog.get_by_role("button", name="Cancel").last.click()
    page.get_by_role("button", name="Remove statement other-account").click()
    confirm(page, "Remove")
    expect(page.get_by_role("button", name="Remove statement other-account")).to_have_count(0)
    assert {one["Sid"] for one in policy_of(server, name)} == {"callers", "callersInvoke"}


def test_events_have_destinations_and_dead_letters_and_go_back_to_the_defaults(
    page: Page, server: Server, name: str
) -> None:
    client = server.client()
    panel = page.get_by_label("Destination on failure")
    panel.fill(f"arn:aws:lambda:us-east-1:000000000000:function:{name}")
    page.get_by_label("Retries").fill("1")
    page.get_by_role("button", name="Save events").click()
    expect(page.get_by_text("destination for itself")).to_be_visible()
    panel.fill(QUEUE + "lost")
    page.get_by_label("Destination on success").fill("arn:aws:sns:us-east-1:000000000000:done")
    page.get_by_label("Maximum age (s)").fill("120")
    page.get_by_role("button", name="Save events").click()
    expect(page.get_by_text("Events that end from now on are treated so.")).to_be_visible()
    found = client.get_function_event_invoke_config(FunctionName=name)
    assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (1, 120)
    assert found["DestinationConfig"] == {
        "OnSuccess": {"Destination": "arn:aws:sns:us-east-1:000000000000:done"},
        "OnFailure": {"Destination": QUEUE + "lost"},
    }
    page.get_by_role("button", name="Back to the defaults").click()
    confirm(page, "Remove")
    expect(page.get_by_label("Retries")).to_have_value("2")
    assert client.list_function_event_invoke_configs(FunctionName=name)["FunctionEventInvokeConfigs"] == []

    target = page.get_by_label("Queue or topic for dead letters")
    target.fill("arn:aws:s3:::bucket")
    page.get_by_role("button", name="Save dead-letter queue").click()
    expect(page.get_by_text("Saving the dead-letter queue failed")).to_be_visible()
    target.fill("")
    expect(page.get_by_role("button", name="Save dead-letter queue")).to_be_disabled()
    server.client("sns").create_topic(Name="dead")
    target.fill("arn:aws:sns:us-east-1:000000000000:dead")
    page.get_by_role("button", name="Save dead-letter queue").click()
    expect(page.get_by_text("Events that end without success go there.")).to_be_visible()
    kept = client.get_function_configuration(FunctionName=name)
    assert kept["DeadLetterConfig"] == {"TargetArn": "arn:aws:sns:us-east-1:000000000000:dead"}


@pytest.mark.full
def test_tracing_and_snap_start_are_set_and_what_is_refused_is_told(
    shared: Console, page: Page, server: Server, name: str
) -> None:
    choose(page, page, "Tracing mode", "Active")
    page.get_by_role("button", name="Save tracing").click()
    expect(page.get_by_text("Tracing is Active in new environments.")).to_be_visible()
    choose(page, page, "Apply on", "PublishedVersions")
    page.get_by_role("button", name="Save SnapStart").click()
    expect(page.get_by_text("is not supported for SnapStart enabled functions")).to_be_visible()
    assert server.client().get_function_configuration(FunctionName=name)["TracingConfig"] == {
        "Mode": "Active"
    }

    fast = server.function(CODE, Runtime="python3.13", SnapStart={"ApplyOn": "PublishedVersions"})
    shared.open(f"/functions/{fast}/configuration")
    expect(page.get_by_text("No version has SnapStart.")).to_be_visible()
    choose(page, page, "Apply on", "None")
    page.get_by_role("button", name="Save SnapStart").click()
    expect(page.get_by_text("Versions published from now on have no SnapStart.")).to_be_visible()


def test_a_queue_is_read_with_its_options_changed_and_left_when_it_is_confirmed(
    shared: Console, server: Server
) -> None:
    name = server.function(CODE)
    server.client("sqs").create_queue(QueueName="orders", Attributes={"VisibilityTimeout": "60"})
    page = shared.open(f"/functions/{name}/configuration")
    page.get_by_role("button", name="Add trigger").click()
    dialog = page.get_by_role("dialog")
    fill(dialog, {"ARN of the source": QUEUE + "orders", "Batch size": "50"})
    dialog.get_by_text("Enable the trigger").click()
    dialog.get_by_role("button", name="Add trigger").click()
    expect(dialog.get_by_text("Maximum batch window in seconds must be greater than 0")).to_be_visible()
    expect(dialog.get_by_text(re.compile("^Request ID: "))).to_be_visible()
    fill(
        dialog,
        {"Batching window (s)": "1", "Filters": '{"body": {"kind": ["order"]}}', "Maximum concurrency": "5"},
    )
    dialog.get_by_text("Report batch item failures").click()
    expect(command(dialog)).to_contain_text("create-event-source-mapping")
    assert shared.violations(DIALOG) == []
    shared.picture("function-trigger")
    confirm(page, "Add trigger")
    row = page.get_by_role("row").filter(has_text=QUEUE + "orders")
    expect(row).to_contain_text("Disabled")
    client = server.client()
    (made,) = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert (made["BatchSize"], made["MaximumBatchingWindowInSeconds"]) == (50, 1)
    assert made["FilterCriteria"] == {"Filters": [{"Pattern": '{"body": {"kind": ["order"]}}'}]}
    assert made["ScalingConfig"] == {"MaximumConcurrency": 5}
    assert made["FunctionResponseTypes"] == ["ReportBatchItemFailures"]

    row.get_by_role("button", name="Edit").click()
    expect(dialog.get_by_role("button", name="Save trigger")).to_be_disabled()
    fill(dialog, {"Filters": "", "Maximum concurrency": "", "Batch size": "20"})
    confirm(page, "Save trigger")
    changed = client.get_event_source_mapping(UUID=made["UUID"])
    assert changed["BatchSize"] == 20
    assert not {"FilterCriteria", "ScalingConfig"} & set(changed)

    page.route("**/event-source-mappings/*", deny)
    row.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove", exact=True).click()
    expect(dialog.get_by_text("not yours")).to_be_visible()
    expect(dialog.get_by_text("Request ID: asked-1")).to_be_visible()
    page.unroute("**/event-source-mappings/*")
    confirm(page, "Remove")
    expect(page.get_by_text("No queue or stream is read for it.")).to_be_visible()


STREAM = {
    "Batch size": "7",
    "Batching window (s)": "2",
    "Concurrent batches per shard": "3",
    "Tumbling window (s)": "30",
    "Retries": "4",
    "Maximum age of a record (s)": "600",
    "On-failure destination": QUEUE + "lost",
}


@pytest.mark.full
def test_streams_and_kafka_clusters_are_read_with_their_options(
    page: Page, server: Server, name: str
) -> None:
    kinesis = server.client("kinesis")
    kinesis.create_stream(StreamName="ticks", ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName="ticks")["StreamDescriptionSummary"]["StreamARN"]
    page.get_by_role("button", name="Add trigger").click()
    dialog = page.get_by_role("dialog")
    choose(page, dialog, "Source", "Kinesis stream")
    add = dialog.get_by_role("button", name="Add trigger")
    expect(add).to_be_disabled()
    choose(page, dialog, "Starting position", "LATEST")
    fill(dialog, {"ARN of the source": arn, **STREAM})
    dialog.get_by_text("Split a batch that fails").click()
    dialog.get_by_text("Enable the trigger").click()
    confirm(page, "Add trigger")
    (made,) = server.client().list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
    assert (made["StartingPosition"], made["BatchSize"], made["ParallelizationFactor"]) == ("LATEST", 7, 3)
    assert (made["TumblingWindowInSeconds"], made["MaximumBatchingWindowInSeconds"]) == (30, 2)
    assert (made["MaximumRetryAttempts"], made["MaximumRecordAgeInSeconds"]) == (4, 600)
    assert made["BisectBatchOnFunctionError"] is True
    assert made["DestinationConfig"] == {"OnFailure": {"Destination": QUEUE + "lost"}}

    page.get_by_role("button", name="Add trigger").click()
    choose(page, dialog, "Source", "Kafka: self-managed")
    fill(dialog, {"Bootstrap servers": "127.0.0.1:9", "Topic": "orders"})
    dialog.get_by_text("Enable the trigger").click()
    add.click()
    expect(dialog.get_by_text("Required 'sourceAccessConfigurations' parameter is missing.")).to_be_visible()
    fill(dialog, {"Access": "BASIC_AUTH arn:aws:secretsmanager:us-east-1:000000000000:secret:kafka"})
    confirm(page, "Add trigger")
    expect(page.get_by_role("rowheader", name="127.0.0.1:9")).to_be_visible()


@pytest.mark.full
def test_buckets_topics_and_rules_call_a_function_until_they_are_removed(
    shared: Console, server: Server
) -> None:
    name = server.function(CODE)
    s3, sns, events = server.client("s3"), server.client("sns"), server.client("events")
    s3.create_bucket(Bucket="pictures")
    topic = sns.create_topic(Name="news")["TopicArn"]
    page = shared.open(f"/functions/{name}/configuration")
    dialog = page.get_by_role("dialog")

    def add(source: str, fields: dict[str, str]) -> None:
        page.get_by_role("button", name="Add trigger").click()
        choose(page, dialog, "Source", source)
        fill(dialog, fields)

    add("S3 bucket", {"Bucket": "no-such-bucket"})
    dialog.get_by_role("button", name="Add trigger").click()
    expect(dialog.get_by_text("does not exist")).to_be_visible()
    assert policy_of(server, name) == []
    fill(dialog, {"Bucket": "pictures", "Suffix": ".jpg"})
    confirm(page, "Add trigger")
    add("SNS topic", {"ARN of the topic": topic})
    confirm(page, "Add trigger")
    add("EventBridge rule", {"Rule": "hourly", "Schedule": "rate(1 hour)"})
    confirm(page, "Add trigger")
    expect(page.get_by_text("s3: arn:aws:s3:::pictures")).to_be_visible()

    arn = server.client().get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    (told,) = s3.get_bucket_notification_configuration(Bucket="pictures")["LambdaFunctionConfigurations"]
    assert (told["LambdaFunctionArn"], told["Events"]) == (arn, ["s3:ObjectCreated:*"])
    assert told["Filter"]["Key"]["FilterRules"][0]["Value"] == ".jpg"
    assert [one["Endpoint"] for one in sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]] == [
        arn
    ]
    assert [one["Arn"] for one in events.list_targets_by_rule(Rule="hourly")["Targets"]] == [arn]

    for trigger in ("s3-pictures", "sns-news", "events-rule-hourly"):
        page.get_by_role("button", name=f"Remove trigger {trigger}").click()
        confirm(page, "Remove")
        expect(page.get_by_role("button", name=f"Remove trigger {trigger}")).to_have_count(0)
    assert "LambdaFunctionConfigurations" not in s3.get_bucket_notification_configuration(Bucket="pictures")
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    assert events.list_targets_by_rule(Rule="hourly")["Targets"] == []
    assert policy_of(server, name) == []


def test_versions_and_aliases_are_deleted_only_when_it_is_confirmed(shared: Console, server: Server) -> None:
    client = server.client()
    name = server.function(CODE)
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    page = shared.open(f"/functions/{name}/versions")
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name=f"Delete version {version}").click()
    dialog.get_by_label("To confirm, type delete").fill("delete")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog.get_by_text(re.compile("^Request ID: "))).to_be_visible()
    dialog.get_by_role("button", name="Cancel").last.click()
    page.get_by_role("button", name="Delete alias live").click()
    expect(command(dialog)).to_contain_text("delete-alias")
    confirm(page, "Delete")
    page.get_by_role("button", name=f"Delete version {version}").click()
    dialog.get_by_label("To confirm, type delete").fill("delete")
    confirm(page, "Delete")
    assert [one["Version"] for one in client.list_versions_by_function(FunctionName=name)["Versions"]] == [
        "$LATEST"
    ]


def test_a_panel_that_is_denied_leaves_the_others(shared: Console, name: str) -> None:
    def refuse(route: Route) -> None:
        route.fulfill(
            status=403, json={"message": "no"}, headers={"x-amzn-errortype": "AccessDeniedException"}
        )

    for path in ("**/url", "**/event-invoke-config", "**/policy"):
        shared.page.route(path, refuse)
    page = shared.open(f"/functions/{name}/configuration")
    expect(page.get_by_text("The URL could not be read")).to_be_visible()
    expect(page.get_by_text("The configuration for events could not be read")).to_be_visible()
    expect(page.get_by_text("The services that call it could not be read")).to_be_visible()
    expect(page.get_by_role("button", name="Save tracing")).to_be_enabled()
    expect(page.get_by_text("Queues and streams", exact=True)).to_be_visible()
    page.unroute_all()


@pytest.mark.full
def test_the_configuration_fits_a_phone_and_is_accessible_in_the_dark(
    server: Server, name: str, opened: Callable[..., Console]
) -> None:
    phone = opened(server, dark=True, width=375)
    page = phone.open(f"/functions/{name}/configuration")
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="Save tracing")).to_be_visible()
    assert phone.violations() == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.get_by_role("button", name="Add trigger").click()
    expect(page.get_by_role("dialog").get_by_label("ARN of the source")).to_be_visible()
    assert phone.violations(DIALOG) == []
