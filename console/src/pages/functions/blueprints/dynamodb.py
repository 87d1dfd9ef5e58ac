def lambda_handler(event, context):
    """Tells each change of a table's items, as they were and as they are."""
    for record in event["Records"]:
        change = record["dynamodb"]
        print(record["eventName"], change["Keys"], change.get("OldImage"), "->", change.get("NewImage"))
    return {"changes": len(event["Records"])}
