"""A greeting and a few facts about where it ran; the function that `make run` deploys."""

import logging
import os
import platform

logger = logging.getLogger()
logger.setLevel(logging.INFO)


def lambda_handler(event, context):
    """Greet `event["name"]`."""
    name = event.get("name", "world") if isinstance(event, dict) else "world"
    logger.info("greeting %s", name)
    return {
        "greeting": f"Hello, {name}!",
        "function": context.function_name,
        "version": context.function_version,
        "memory_mb": context.memory_limit_in_mb,
        "request_id": context.aws_request_id,
        "remaining_ms": context.get_remaining_time_in_millis(),
        "runtime": os.environ.get("AWS_EXECUTION_ENV"),
        "python": platform.python_version(),
        "user_id": os.getuid(),
    }
