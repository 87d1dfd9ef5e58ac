"""A nightly report: EventBridge Scheduler calls a function that sums up files in S3 into one (Python)."""

from datetime import UTC, datetime, timedelta

SALES = {
    "sales/berlin.csv": "product,amount\ntea,120\ncoffee,80\n",
    "sales/vienna.csv": "product,amount\ncoffee,45\ncake,30\n",
}


def tell(stage):
    """Put sales, bring the night forward, wait for the report; its text."""
    bucket, name = stage.outputs["Bucket"], stage.outputs["Schedule"]
    s3, scheduler = stage.client("s3"), stage.client("scheduler")
    for key, text in SALES.items():
        s3.put_object(Bucket=bucket, Key=key, Body=text)
    stage.say(f"the sales of the day: {', '.join(SALES)}")
    known = scheduler.get_schedule(Name=name)
    night = (datetime.now(UTC) + timedelta(seconds=2)).strftime("at(%Y-%m-%dT%H:%M:%S)")
    stage.say(f"the schedule {name} says {known['ScheduleExpression']}; today the night comes {night}")
    scheduler.update_schedule(
        Name=name,
        ScheduleExpression=night,
        FlexibleTimeWindow=known["FlexibleTimeWindow"],
        Target=known["Target"],
    )

    def report():
        found = s3.list_objects_v2(Bucket=bucket, Prefix="reports/").get("Contents")
        return s3.get_object(Bucket=bucket, Key=found[0]["Key"])["Body"].read().decode() if found else None

    text = stage.until(report, "a report")
    stage.say(f"s3://{bucket}/reports/latest.csv:\n  " + text.strip().replace("\n", "\n  "))
    return text
