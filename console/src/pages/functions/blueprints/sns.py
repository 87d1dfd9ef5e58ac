def lambda_handler(event, context):
    """Tells what a topic was sent."""
    for record in event["Records"]:
        message = record["Sns"]
        print(message["TopicArn"], message.get("Subject"), message["Message"])
    return {"messages": len(event["Records"])}
