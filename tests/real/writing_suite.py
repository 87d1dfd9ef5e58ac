"""What every real DynamoDB is asked by functions and callers that write to it through the server, which is `server`."""

from __future__ import annotations

import json
import uuid

import pytest
from calling import call

from tests.running import Server

__all__ = [
    "table",
    "test_a_function_writes_what_a_caller_reads",
    "test_a_role_of_iam_must_be_allowed_to_write",
    "test_what_dynamodb_refuses_reaches_the_function_as_its_own_error",
]
COUNTS = """
import boto3, os
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
def handler(event, context):
    answer = table.update_item(
        Key={"id": event["id"]},
        UpdateExpression="ADD seen :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="ALL_NEW",
    )
    return int(answer["Attributes"]["seen"])
"""


@pytest.fixture
def table(server: Server) -> str:
    """A table with one key, made through the server."""
    name, client = f"t-{uuid.uuid4().hex[:12]}", server.client("dynamodb")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput={"ReadCapacityUnits": 10, "WriteCapacityUnits": 10},
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    return name


def test_a_function_writes_what_a_caller_reads(server: Server, table: str):
    name = server.function({"app.py": COUNTS}, Environment={"Variables": {"TABLE": table}})
    assert [call(server, name, {"id": "a"}).body for _ in range(3)] == [1, 2, 3]
    item = server.client("dynamodb").get_item(TableName=table, Key={"id": {"S": "a"}})["Item"]
    assert item == {"id": {"S": "a"}, "seen": {"N": "3"}}


def test_what_dynamodb_refuses_reaches_the_function_as_its_own_error(server: Server):
    name = server.function({"app.py": COUNTS}, Environment={"Variables": {"TABLE": "missing"}})
    answer = call(server, name, {"id": "a"})
    assert answer.error == "Unhandled"
    assert "ResourceNotFoundException" in json.dumps(answer.body)


def test_a_role_of_iam_must_be_allowed_to_write(server: Server, table: str):
    iam = server.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=f"r-{uuid.uuid4().hex[:12]}", AssumeRolePolicyDocument=document)["Role"]
    name = server.function({"app.py": COUNTS}, Environment={"Variables": {"TABLE": table}}, Role=role["Arn"])
    assert "dynamodb:UpdateItem" in json.dumps(call(server, name, {"id": "b"}).body)
    statement = {
        "Effect": "Allow",
        "Action": "dynamodb:UpdateItem",
        "Resource": f"arn:aws:dynamodb:*:*:table/{table}",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName=role["RoleName"], PolicyName="p", PolicyDocument=policy)
    assert call(server, name, {"id": "b"}).body == 1
