"""CloudWatch's metrics against a running server: boto3 and the AWS CLI."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from calling import ROOT, TOOLS_HINT

from tests.running import Server

AWS = ROOT / ".venv-awscli" / "bin" / "aws"
MINUTE = timedelta(minutes=1)


def query(name: str, stat: str = "Sum", **members: Any) -> dict[str, Any]:
    metric = {"Namespace": "Shop", "MetricName": name}
    return {"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}, **members}


def values(client: Any, name: str, stat: str = "Sum") -> list[float]:
    now = datetime.now(UTC)
    answer = client.get_metric_data(
        MetricDataQueries=[query(name, stat)], StartTime=now - 5 * MINUTE, EndTime=now + MINUTE
    )
    found: list[float] = answer["MetricDataResults"][0]["Values"]
    return found


def test_what_boto3_puts_is_what_it_gets(shared_server: Server) -> None:
    client = shared_server.client("cloudwatch")
    data = [{"MetricName": "orders", "Values": [1.0, 2.0], "Counts": [3, 1], "Unit": "Count"}]
    client.put_metric_data(Namespace="Shop", MetricData=data)
    assert sum(values(client, "orders")) == 5
    assert values(client, "orders", "p99")[0] == pytest.approx(2, rel=0.011)
    listed = client.get_paginator("list_metrics").paginate(Namespace="Shop", MetricName="orders")
    assert [one["MetricName"] for page in listed for one in page["Metrics"]] == ["orders"]


def test_a_long_request_comes_compressed_and_is_read(shared_server: Server) -> None:
    client = shared_server.client("cloudwatch", region="eu-west-2")
    dims = [{"Name": "shop", "Value": "x" * 100}]
    data = [{"MetricName": "long", "Dimensions": dims, "Values": [float(n) for n in range(150)]}] * 100
    sent = []
    client.meta.events.register("before-send.*", lambda request, **_: sent.append(dict(request.headers)))
    client.put_metric_data(Namespace="Shop", MetricData=data)
    assert {str(name).lower() for name in sent[0]} >= {"content-encoding"}
    now = datetime.now(UTC)
    answer = client.get_metric_statistics(
        Namespace="Shop",
        MetricName="long",
        Dimensions=dims,
        StartTime=now - 5 * MINUTE,
        EndTime=now + MINUTE,
        Period=60,
        Statistics=["SampleCount"],
    )
    assert sum(point["SampleCount"] for point in answer["Datapoints"]) == 15_000


def test_errors_have_the_classes_of_the_sdk(shared_server: Server) -> None:
    client = shared_server.client("cloudwatch")
    with pytest.raises(client.exceptions.InvalidParameterCombinationException, match="mutually exclusive"):
        client.put_metric_data(
            Namespace="Shop", MetricData=[{"MetricName": "m", "Value": 1.0, "Values": [1.0, 2.0]}]
        )
    with pytest.raises(ClientError, match="PutMetricAlarm is not offered by lambdad"):
        client.put_metric_alarm(AlarmName="a", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1)


@pytest.mark.full
def test_the_aws_cli_puts_and_gets(shared_server: Server, tmp_path: Path) -> None:
    assert AWS.exists(), TOOLS_HINT

    def aws(*arguments: str) -> Any:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "AWS_ENDPOINT_URL": shared_server.url,
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        command = [str(AWS), "cloudwatch", *arguments, "--output", "json"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    aws("put-metric-data", "--namespace", "Shop", "--metric-name", "cli", "--value", "7", "--unit", "Seconds")
    now = datetime.now(UTC)
    span = ("--start-time", (now - 5 * MINUTE).isoformat(), "--end-time", (now + MINUTE).isoformat())
    asked = json.dumps([query("cli", "Maximum", Label="longest")])
    (result,) = aws("get-metric-data", "--metric-data-queries", asked, *span)["MetricDataResults"]
    assert (result["Label"], result["Values"], result["StatusCode"]) == ("longest", [7.0], "Complete")
