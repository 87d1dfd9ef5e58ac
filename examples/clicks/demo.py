"""Clicks through a Kinesis stream, counted in tumbling windows; the counts end in DynamoDB (Python)."""

import json

PAGES = {"/": 6, "/prices": 4, "/docs": 2}


def tell(stage):
    """Send twelve clicks in two goes, and wait until the windows of all have ended; clicks by page."""
    kinesis, rows = stage.client("kinesis"), stage.client("dynamodb")
    stream, table = stage.outputs["Clicks"], stage.outputs["Table"]
    for _ in range(2):
        clicks = [page for page, count in PAGES.items() for _ in range(count // 2)]
        records = [{"PartitionKey": page, "Data": json.dumps({"page": page}).encode()} for page in clicks]
        kinesis.put_records(StreamName=stream, Records=records)
        stage.say(f"sent {len(records)} clicks")

    def counted():
        found = rows.scan(TableName=table)["Items"]
        return found if sum(int(row["clicks"]["N"]) for row in found) == sum(PAGES.values()) else None

    found = stage.until(counted, "all clicks in the table")
    for line in stage.logged(stage.outputs["Counter"], "window"):
        stage.say(f"the function's log: {line}")
    totals = dict.fromkeys(PAGES, 0)
    for row in found:
        totals[row["page"]["S"]] += int(row["clicks"]["N"])
    stage.say("in the table: " + ", ".join(f"{page} {count}" for page, count in totals.items()))
    return totals
