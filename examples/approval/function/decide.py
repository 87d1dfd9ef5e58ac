"""Gives the token of an expense back with yes or no; the state machine then goes on."""

import json
import os

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])
states = boto3.client("stepfunctions")
DECISIONS = {"approve": True, "refuse": False}


def handler(event, context):
    expense, decision = event["pathParameters"]["expense"], event["pathParameters"]["decision"]
    if decision not in DECISIONS:
        return answer(400, f"{decision} is neither approve nor refuse")
    waiting = table.delete_item(Key={"expense": expense}, ReturnValues="ALL_OLD").get("Attributes")
    if waiting is None:
        return answer(404, f"{expense} does not wait for a decision")
    approved = json.dumps({"approved": DECISIONS[decision]})
    states.send_task_success(taskToken=waiting["token"], output=approved)
    return answer(200, f"{expense}: {decision}")


def answer(status, text):
    return {"statusCode": status, "headers": {"content-type": "text/plain"}, "body": text}
