"""CloudWatch shows exactly what was done: every metric of ``AWS/Lambda``, what functions print, and the bill."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import call, client_of, started
from url_calls import open_url

from tests.running import Server

WITHIN_S = 30.0
APP = """
import json, time

def handler(event, context):
    if event == "fail":
        raise ValueError("no")
    if event == "sleep":
        time.sleep(1.5)
    if event == "print":
        print(json.dumps({
            "_aws": {
                "Timestamp": int(time.time() * 1000),
                "CloudWatchMetrics": [{
                    "Namespace": "shop",
                    "Dimensions": [["service"]],
                    "Metrics": [{"Name": "orders", "Unit": "Count"}],
                }],
            },
            "service": "till",
            "orders": [3, 4],
        }))
        print('{"_aws": {"CloudWatchMetrics": 1}}')
    if isinstance(event, dict) and "rawPath" in event:
        return {"statusCode": int(event["rawPath"][1:] or 200), "body": ""}
    return event
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("metrics") / "data") as server:
        yield server


def sums(server: Server, name: str, statistic: str = "Sum", **dimensions: str) -> float | None:
    """What CloudWatch says of the last ten minutes; None when it knows nothing."""
    now = datetime.now(UTC)
    found = server.client("cloudwatch").get_metric_statistics(
        Namespace=dimensions.pop("namespace", "AWS/Lambda"),
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=10),
        EndTime=now + timedelta(minutes=2),
        Period=3600,
        Statistics=[statistic],
    )["Datapoints"]
    values = [point[statistic] for point in found]
    if not values:
        return None
    return float(sum(values) if statistic in {"Sum", "SampleCount"} else max(values))


def until(found: Callable[[], Any], wanted: Any) -> None:
    """Wait until it is what is wanted."""
    deadline = time.monotonic() + WITHIN_S
    while (seen := found()) != wanted:
        assert time.monotonic() < deadline, (seen, wanted)
        time.sleep(0.3)


def function(server: Server, name: str, **parameters: Any) -> str:
    return server.function({"app.py": APP}, FunctionName=name, **parameters)


def test_invocations_errors_and_durations_are_counted_exactly(server: Server) -> None:
    name = function(server, "counted")
    for event in ("ok", "ok", "fail", "sleep"):
        call(server, name, event)
    until(lambda: sums(server, "Invocations", FunctionName=name), 4)
    assert sums(server, "Errors", FunctionName=name) == 1
    assert sums(server, "Errors", "SampleCount", FunctionName=name) == 4
    assert sums(server, "Throttles", FunctionName=name) == 0
    assert sums(server, "Duration", "SampleCount", FunctionName=name, Resource=name) == 4
    assert 1500 <= (sums(server, "Duration", "Maximum", FunctionName=name) or 0) < 9_000
    assert sums(server, "ConcurrentExecutions", "Maximum", FunctionName=name) == 1


def test_metric_data_of_an_alias_are_those_of_the_versions_that_ran(server: Server) -> None:
    name, client = function(server, "aliased"), server.client()
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    for qualifier in ("live", "live", "1"):
        call(server, name, "ok", Qualifier=qualifier)
    places: Mapping[str, Mapping[str, str]] = {
        "all": {"FunctionName": name},
        "alias": {"FunctionName": name, "Resource": f"{name}:live"},
        "executed": {"FunctionName": name, "Resource": f"{name}:live", "ExecutedVersion": "1"},
        "version": {"FunctionName": name, "Resource": f"{name}:1"},
    }

    def found() -> dict[str, float]:
        now = datetime.now(UTC)
        results = server.client("cloudwatch").get_metric_data(
            StartTime=now - timedelta(minutes=10),
            EndTime=now + timedelta(minutes=2),
            MetricDataQueries=[
                {
                    "Id": key,
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/Lambda",
                            "MetricName": "Invocations",
                            "Dimensions": [{"Name": one, "Value": value} for one, value in place.items()],
                        },
                        "Period": 60,
                        "Stat": "Sum",
                    },
                }
                for key, place in places.items()
            ],
        )["MetricDataResults"]
        return {result["Id"]: sum(result["Values"]) for result in results}

    until(found, {"all": 3, "alias": 2, "executed": 2, "version": 1})


def test_throttles_and_concurrency_are_seen(server: Server) -> None:
    name = function(server, "crowded")
    server.client().put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=2)

    client = client_of(server)

    def status(_: int) -> int:
        try:
            answer = client.invoke(FunctionName=name, Payload=b'"sleep"')
        except ClientError as error:
            answer = error.response
        return int(answer["ResponseMetadata"]["HTTPStatusCode"])

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(status, range(4))) == [200, 200, 429, 429]
    until(lambda: sums(server, "Throttles", FunctionName=name), 2)
    assert sums(server, "Invocations", FunctionName=name) == 2
    assert sums(server, "ConcurrentExecutions", "Maximum", FunctionName=name) == 2
    assert (sums(server, "ClaimedAccountConcurrency", "Maximum") or 0) >= 2


def test_provisioned_concurrency_is_counted_apart_from_what_spills_over(server: Server) -> None:
    name, client = function(server, "provided"), server.client()
    client.publish_version(FunctionName=name)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    client.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="live", ProvisionedConcurrentExecutions=1
    )
    until(
        lambda: client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="live")["Status"],
        "READY",
    )
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: call(server, name, "sleep", Qualifier="live"), range(2)))
    alias = {"FunctionName": name, "Resource": f"{name}:live"}
    until(lambda: sums(server, "ProvisionedConcurrencyInvocations", **alias), 1)
    assert sums(server, "ProvisionedConcurrencySpilloverInvocations", **alias) == 1
    assert sums(server, "ProvisionedConcurrentExecutions", "Maximum", **alias) == 1
    assert sums(server, "ProvisionedConcurrencyUtilization", "Maximum", **alias) == 1


def test_events_are_counted_with_their_age(server: Server) -> None:
    name = function(server, "queued")
    server.client().put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    for event in ("ok", "fail"):
        call(server, name, event, InvocationType="Event")
    until(lambda: sums(server, "AsyncEventsReceived", FunctionName=name), 2)
    until(lambda: sums(server, "AsyncEventsDropped", FunctionName=name), 1)
    assert sums(server, "AsyncEventAge", "SampleCount", FunctionName=name) == 2


def test_requests_of_a_function_url_are_counted_by_status(server: Server) -> None:
    name = function(server, "reached")
    url = open_url(server, name)
    assert [url.call("GET", f"/{status}").status for status in (200, 404, 500)] == [200, 404, 500]
    until(lambda: sums(server, "UrlRequestCount", FunctionName=name), 3)
    assert sums(server, "Url4xxCount", FunctionName=name) == 1
    assert sums(server, "Url5xxCount", FunctionName=name) == 1
    assert sums(server, "UrlRequestLatency", "SampleCount", FunctionName=name) == 3


def test_what_a_function_prints_in_the_embedded_format_is_a_metric(server: Server) -> None:
    name = function(server, "printing")
    call(server, name, "print")
    until(lambda: sums(server, "orders", namespace="shop", service="till"), 7)
    group = f"/aws/lambda/{name}"
    assert sums(server, "EMFValidationErrors", namespace="AWS/Logs", LogGroupName=group) == 1
    logs = server.client("logs").filter_log_events(logGroupName=group, filterPattern="orders")["events"]
    assert len(logs) == 1


def test_usage_survives_a_kill_and_the_command_shows_what_aws_would_have_charged(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        name = function(server, "billed", MemorySize=1024)
        server.client().tag_resource(
            Resource=f"arn:aws:lambda:us-east-1:000000000000:function:{name}", Tags={"team": "blue"}
        )
        for event in ("ok", "fail"):
            call(server, name, event)
        assert [line["requests"] for line in answer(server)["lines"]] == [2]
        server.process.kill()
        server.process.wait()
    with started(tmp_path / "data") as server:
        (line,) = answer(server)["lines"]
        assert (line["function"], line["requests"]) == (name, 2)
        assert line["charges"]["requests"] == 4e-07
        assert line["charges"]["duration"] > 0
        (line,) = answer(server, "by=tag:team")["lines"]
        assert (line["tag"], line["requests"]) == ("blue", 2)
        found = answer(server, "by=day&since=2020-01-01")
        assert (found["since"], found["due"]) == ("2020-01-01", 0)
        with pytest.raises(urllib.error.HTTPError, match="400"):
            answer(server, "since=yesterday")
        ran = subprocess.run(
            [sys.executable, "-m", "lambdad.cli.entry", "bill", "--endpoint", server.url, "--csv"],
            capture_output=True,
            text=True,
            check=True,
        )
        head, row = ran.stdout.splitlines()
        assert head.startswith("region,function,requests,gb_s,requests_cost,")
        assert row.startswith(f"us-east-1,{name},2,")


def answer(server: Server, query: str = "") -> dict[str, Any]:
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/bill?{query}", timeout=20) as heard:
        found: dict[str, Any] = json.load(heard)
    return found
