"""Counts clicks by page; the counts of a window travel from call to call as its state, and end in a table."""

import base64
import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    counts = event["state"]
    for record in event["Records"]:
        page = json.loads(base64.b64decode(record["kinesis"]["data"]))["page"]
        counts[page] = counts.get(page, 0) + 1
    if event["isFinalInvokeForWindow"]:
        keep(counts, event["window"]["start"])
    return {"state": counts}


def keep(counts, window):
    for page, clicks in counts.items():
        table.put_item(Item={"page": page, "window": window, "clicks": clicks})
    print(f"window {window}: {counts}")
