import base64
import json


def lambda_handler(event, context):
    """Works on records in order; the batch comes again from the one that failed (ReportBatchItemFailures)."""
    for record in event["Records"]:
        try:
            work_on(base64.b64decode(record["kinesis"]["data"]))
        except Exception as error:
            number = record["kinesis"]["sequenceNumber"]
            print("failed:", number, error)
            return {"batchItemFailures": [{"itemIdentifier": number}]}
    return {"batchItemFailures": []}


def work_on(data):
    print("record", json.dumps(data.decode()))
