def lambda_handler(event, context):
    """Called by EventBridge on a schedule."""
    print("scheduled at", event.get("time"), "by", event.get("resources"))
    return {"left_ms": context.get_remaining_time_in_millis()}
