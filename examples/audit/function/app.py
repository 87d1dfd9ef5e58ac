"""Keeps each change of an item as an object of its own: what was done, before and after."""

import json
import os

import boto3
from boto3.dynamodb.types import TypeDeserializer

s3 = boto3.client("s3")
value_of = TypeDeserializer().deserialize


def handler(event, context):
    for record in event["Records"]:
        keep(record["eventName"], record["dynamodb"])


def keep(what, change):
    trace = {"what": what, "before": item(change.get("OldImage")), "after": item(change.get("NewImage"))}
    key = f"{value_of(change['Keys']['account'])}/{change['SequenceNumber'].zfill(40)}.json"
    s3.put_object(Bucket=os.environ["BUCKET"], Key=key, Body=json.dumps(trace, default=str))
    print(f"kept {what} as {key}")


def item(image):
    return image and {name: value_of(value) for name, value in image.items()}
