"""What changes in a DynamoDB table, kept in S3 as it was and as it is, by the table's stream (Python)."""

import json


def tell(stage):
    """Open an account, change and close it, and wait for three objects; what they say."""
    tables, s3 = stage.client("dynamodb"), stage.client("s3")
    table, bucket = stage.outputs["Accounts"], stage.outputs["Trail"]
    for balance in ("100", "60"):
        tables.put_item(TableName=table, Item={"account": {"S": "ada"}, "balance": {"N": balance}})
    tables.delete_item(TableName=table, Key={"account": {"S": "ada"}})
    stage.say("opened the account of ada with 100, changed it to 60, closed it")

    def kept():
        found = s3.list_objects_v2(Bucket=bucket, Prefix="ada/").get("Contents", [])
        return sorted(each["Key"] for each in found) if len(found) == 3 else None

    trail = []
    for key in stage.until(kept, "three objects"):
        trail.append(json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()))
        stage.say(f"s3://{bucket}/{key}: {json.dumps(trail[-1])}")
    return trail
