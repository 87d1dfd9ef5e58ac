import base64


def lambda_handler(event, context):
    """Works on messages of Kafka's topics, each partition in order."""
    count = 0
    for partition, records in event["records"].items():
        for record in records:
            value = base64.b64decode(record["value"]) if record.get("value") else None
            print(partition, record["offset"], value)
            count += 1
    return {"messages": count}
