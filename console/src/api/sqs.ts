/** What the console asks of queues. */

import { type Connection, json } from "./transport";

const sqs = <T>(connection: Connection, operation: string, params: Record<string, unknown>) =>
  json<T>(connection, {
    service: "sqs",
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${operation}` },
    body: JSON.stringify(params),
  });

/** About how many messages wait in a queue, by its ARN. */
export async function messagesIn(connection: Connection, arn: string): Promise<number> {
  const [, , , region = "", account = "", name = ""] = arn.split(":");
  const there = { ...connection, region };
  const { QueueUrl } = await sqs<{ QueueUrl: string }>(there, "GetQueueUrl", { QueueName: name, QueueOwnerAWSAccountId: account });
  const asked = { QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] };
  const { Attributes } = await sqs<{ Attributes?: Record<string, string> }>(there, "GetQueueAttributes", asked);
  return Number(Attributes?.["ApproximateNumberOfMessages"] ?? 0);
}
