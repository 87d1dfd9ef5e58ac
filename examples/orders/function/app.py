"""Handles orders in batches: what fails is named, so that the rest of its batch does not come again."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    failed = []
    for record in event["Records"]:
        try:
            take(json.loads(record["body"]))
        except (KeyError, ValueError) as error:
            attempt = record["attributes"]["ApproximateReceiveCount"]
            print(f"attempt {attempt} at {record['body']} failed: {error!r}")
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def take(order):
    table.put_item(Item={"order": order["id"], "item": order["item"], "pieces": int(order["pieces"])})
