"""Which services the companion answers; the others it has are not let through.

What needs Docker or a package the companion lacks is not among them, nor what lambdad answers itself.
"""

from __future__ import annotations

from typing import Final

OFFERED: Final = (
    "s3",
    "sqs",
    "sns",
    "dynamodb",
    "dynamodbstreams",
    "kinesis",
    "events",
    "scheduler",
    "states",
    "apigateway",
    "cloudformation",
    "ssm",
    "secretsmanager",
)
"""Signing names, in the order they are told to people."""

EXECUTE_API: Final = "execute-api"
"""Calls of what API Gateway publishes, and of its management API; most carry no signature."""
