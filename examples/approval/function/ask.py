"""Remembers the token of an expense that waits; here a mail to whoever decides would be sent."""

import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    table.put_item(Item={"expense": event["expense"], "amount": event["amount"], "token": event["token"]})
