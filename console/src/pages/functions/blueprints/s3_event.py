from urllib.parse import unquote_plus


def lambda_handler(event, context):
    """Tells every object that a bucket's notification names."""
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"])
        size = record["s3"]["object"].get("size", 0)
        print(record["eventName"], bucket, key, size, "bytes")
    return {"objects": len(event["Records"])}
