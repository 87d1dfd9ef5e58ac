"""Orders through an SQS queue in batches; one poison message ends in the dead-letter queue (Python)."""

import json

GOOD = [{"id": f"order-{number}", "item": "tea", "pieces": number} for number in range(1, 6)]
POISON = {"id": "order-0", "item": "tea", "pieces": "many"}


def tell(stage):
    """Send six orders, wait for five rows and one dead letter; both."""
    sqs, rows = stage.client("sqs"), stage.client("dynamodb")
    entries = [
        {"Id": order["id"], "MessageBody": json.dumps(order)} for order in (*GOOD[:3], POISON, *GOOD[3:])
    ]
    stage.say(f"sending {len(entries)} orders in one batch; one asks for 'many' pieces")
    sqs.send_message_batch(QueueUrl=stage.outputs["Orders"], Entries=entries)
    table = stage.outputs["Table"]

    def taken():
        found = rows.scan(TableName=table)["Items"]
        return sorted(row["order"]["S"] for row in found) if len(found) == len(GOOD) else None

    orders = stage.until(taken, f"{len(GOOD)} rows")
    stage.say(f"in the table: {', '.join(orders)}")
    stage.say("the poison message is tried twice, 2 s apart; the queue's redrive policy then takes it away")

    def dead():
        found = sqs.receive_message(QueueUrl=stage.outputs["DeadLetters"], WaitTimeSeconds=2)
        return found.get("Messages")

    [letter] = stage.until(dead, "a dead letter")
    for line in stage.logged(stage.outputs["Worker"], "attempt"):
        stage.say(f"the function's log: {line}")
    stage.say(f"in the dead-letter queue: {letter['Body']}")
    return orders, json.loads(letter["Body"])
