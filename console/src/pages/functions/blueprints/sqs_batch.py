import json


def lambda_handler(event, context):
    """Works on each message; those that failed alone come again (ReportBatchItemFailures)."""
    failed = []
    for record in event["Records"]:
        try:
            work_on(json.loads(record["body"]))
        except Exception as error:
            print("failed:", record["messageId"], error)
            failed.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failed}


def work_on(message):
    print("message", message)
