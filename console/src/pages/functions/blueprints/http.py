import json


def lambda_handler(event, context):
    """Answers a function URL or an HTTP API, payload 2.0."""
    name = (event.get("queryStringParameters") or {}).get("name", "world")
    path = event.get("rawPath", "/")
    return {
        "statusCode": 200,
        "headers": {"content-type": "application/json"},
        "body": json.dumps({"greeting": f"Hello, {name}!", "path": path}),
    }
