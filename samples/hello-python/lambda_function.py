"""The smallest useful function: it greets, and says where it runs."""

import os
import platform


def lambda_handler(event, context):
    print("hello from", context.function_name, "version", context.function_version)
    return {
        "message": f"Hello, {event.get('name', 'world')}!",
        "runtime": f"Python {platform.python_version()}",
        "memory_mb": int(context.memory_limit_in_mb),
        "request_id": context.aws_request_id,
        "region": os.environ["AWS_REGION"],
    }
