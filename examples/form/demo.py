"""The back end of a contact form: an HTTP API checks what is posted and keeps it in DynamoDB (Python)."""

import json
from urllib.parse import urlencode

ADA = {"email": "ada@example.org", "text": "When do you open?"}


def tell(stage):
    """Post a form, read it back, post a wrong one; the message as it is read."""
    api = f"http://{stage.outputs['Api']}.execute-api.localhost"
    status, body = post(stage, api, ADA)
    stage.say(f"POST /messages {urlencode(ADA)}\n  {status} {body}")
    path = f"/messages/{json.loads(body)['id']}"
    status, body = stage.ask(f"{api}{path}")
    stage.say(f"GET {path}\n  {status} {body}")
    refused, words = post(stage, api, {"text": "no address"})
    stage.say(f"POST /messages text=no+address\n  {refused} {words}")
    return json.loads(body), (refused, json.loads(words))


def post(stage, api, fields):
    """Post as a browser does; status and body."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return stage.ask(f"{api}/messages", "POST", urlencode(fields), headers)
