"""Takes what a contact form posts, checks it, keeps it, and shows it again."""

import base64
import json
import os
from urllib.parse import parse_qs

import boto3

table = boto3.resource("dynamodb").Table(os.environ["TABLE"])


def handler(event, context):
    if event["routeKey"] == "POST /messages":
        return keep(fields_of(event), context.aws_request_id)
    found = table.get_item(Key={"id": event["pathParameters"]["id"]}).get("Item")
    return answer(200, found) if found else answer(404, {"error": "there is no such message"})


def keep(fields, request_id):
    if "@" not in fields.get("email", ""):
        return answer(400, {"error": "email: an address is needed"})
    if not fields.get("text", "").strip():
        return answer(400, {"error": "text: say something"})
    message = {"id": request_id, "email": fields["email"], "text": fields["text"]}
    table.put_item(Item=message)
    return answer(201, {"id": request_id})


def fields_of(event):
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode()
    return {name: values[0] for name, values in parse_qs(body).items()}


def answer(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}
