"""Short ways to send events to functions, to say how they are treated, and to let time pass over them."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from pathlib import Path
from typing import Any

from tests.running import Server

APP = """
import json, os
def handler(event, context):
    print("ran", json.dumps(event), context.aws_request_id, os.environ.get("STAGE"))
    if isinstance(event, dict) and event.get("fail"):
        raise ValueError(event["fail"])
    return {"id": context.aws_request_id, "event": event}
"""


def send(server: Server, function: str, event: Any = None, **parameters: Any) -> str:
    """Invoke asynchronously; the request id."""
    answer = server.client().invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps(event), **parameters
    )
    assert answer["StatusCode"] == 202
    request_id: str = answer["ResponseMetadata"]["RequestId"]
    return request_id


def treat(
    server: Server,
    function: str,
    *,
    success: str | None = None,
    failure: str | None = None,
    qualifier: str | None = None,
    **members: Any,
) -> None:
    """Say how events are treated: destinations, retries, age."""
    targets = {"OnSuccess": success, "OnFailure": failure}
    config = {name: {"Destination": arn} for name, arn in targets.items() if arn is not None}
    server.client().put_function_event_invoke_config(
        FunctionName=function,
        **({"Qualifier": qualifier} if qualifier else {}),
        **({"DestinationConfig": config} if config else {}),
        **members,
    )


def starve(server: Server, function: str) -> None:
    """Leave nothing for calls of a function but of a version of its own, which has all that is reserved."""
    client = server.client()
    client.update_function_configuration(FunctionName=function, Description="starved")
    client.get_waiter("function_updated_v2").wait(FunctionName=function, WaiterConfig={"Delay": 0.05})
    version = client.publish_version(FunctionName=function)["Version"]
    client.put_provisioned_concurrency_config(
        FunctionName=function, Qualifier=version, ProvisionedConcurrentExecutions=1
    )
    client.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=1)


def arn_of(server: Server, function: str, qualifier: str = "$LATEST") -> str:
    """The ARN with a qualifier."""
    arn: str = server.client().get_function(FunctionName=function)["Configuration"]["FunctionArn"]
    return f"{arn}:{qualifier}"


def queue_of(server: Server, function: str, qualifier: str | None = None) -> Any:
    """What the server tells of a queue; None when it has nothing to tell."""
    with urllib.request.urlopen(f"{server.url}/lambdad/v1/queue") as answer:
        queues = json.load(answer)["queues"]
    found = [one for one in queues if (one["function"], one["qualifier"]) == (function, qualifier)]
    return found[0] if found else None


def later(server: Server, seconds: float) -> Server:
    """End a server and start it so much later, as its events see it: they become older, what is due comes nearer."""
    assert server.stop() == 0, server.log
    database = sqlite3.connect(Path(server.data_dir) / "events.db")
    with database:
        past = {"ms": int(seconds * 1000)}
        database.execute("UPDATE events SET accepted_ms = accepted_ms - :ms, due_ms = due_ms - :ms", past)
        database.execute("UPDATE deliveries SET due_ms = due_ms - :ms", past)
    database.close()
    return server.again()
