"""First light: a real client makes a real function, calls it and reads its logs."""

from __future__ import annotations

import base64
import json

from tests.running import Server


def test_a_function_is_created_invoked_and_its_log_read(shared_server: Server) -> None:
    name = shared_server.function(
        {
            "app.py": "def handler(event, context):\n    print('hello', event['who'])\n    return {'to': event['who']}\n"
        }
    )
    answer = shared_server.client().invoke(FunctionName=name, Payload=b'{"who":"world"}', LogType="Tail")
    assert answer["StatusCode"] == 200
    assert "FunctionError" not in answer
    assert answer["ExecutedVersion"] == "$LATEST"
    assert json.loads(answer["Payload"].read()) == {"to": "world"}
    tail = base64.b64decode(answer["LogResult"]).decode()
    request_id = answer["ResponseMetadata"]["RequestId"]
    start, end = f"START RequestId: {request_id} Version: $LATEST\n", f"END RequestId: {request_id}\n"
    assert tail.startswith(f"{start}hello world\n{end}REPORT ")
    messages = shared_server.messages(name, until="REPORT")
    assert messages[0].startswith("INIT_START Runtime Version: python:3.11.")
    assert messages[1:4] == [start, "hello world\n", end]
    assert messages[4].startswith(f"REPORT RequestId: {request_id}\tDuration: ")


def test_boto3_inside_a_function_reaches_lambdad_without_configuration(shared_server: Server) -> None:
    source = """
import boto3
def handler(event, context):
    return boto3.client("lambda").get_function_configuration(FunctionName=context.function_name)["FunctionArn"]
"""
    name = shared_server.function({"app.py": source}, MemorySize=1769)
    answer = shared_server.client().invoke(FunctionName=name)
    assert json.loads(answer["Payload"].read()).endswith(f":function:{name}")
