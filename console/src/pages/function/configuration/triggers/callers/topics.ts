import { call, childOf, listOf, textOf } from "../../../../../api/query";
import type { Connection } from "../../../../../api/transport";
import { awsCommand } from "../../../../../parts/CliCommand";
import type { Values } from "../sources";
import type { CallerKind, Target } from "./kinds";

const sns = (connection: Connection, operation: string, params: Record<string, unknown>) =>
  call(connection, "sns", "2010-03-31", operation, params);

const topicOf = (values: Values) => (values["topic"] ?? "").trim();
const filterOf = (values: Values) => (values["filter"] ?? "").trim();

const subscribe = (connection: Connection, values: Values, target: Target) =>
  sns(connection, "Subscribe", {
    TopicArn: topicOf(values),
    Protocol: "lambda",
    Endpoint: target.arn,
    ...(filterOf(values) ? { Attributes: { "entry.1": { key: "FilterPolicy", value: filterOf(values) } } } : {}),
  });

async function subscriptions(connection: Connection, topic: string): Promise<{ arn: string; endpoint: string }[]> {
  const found: { arn: string; endpoint: string }[] = [];
  let token = "";
  do {
    const page = await sns(connection, "ListSubscriptionsByTopic", { TopicArn: topic, ...(token ? { NextToken: token } : {}) });
    found.push(...listOf(page, "Subscriptions").map((one) => ({ arn: textOf(one, "SubscriptionArn"), endpoint: textOf(one, "Endpoint") })));
    token = childOf(page, "NextToken")?.textContent ?? "";
  } while (token);
  return found;
}

/** Topics with the function as a subscriber. */
export const TOPICS: CallerKind = {
  value: "sns",
  label: "SNS topic",
  principal: "sns.amazonaws.com",
  takenFrom: "the subscribers of the topic",
  fields: [
    { id: "topic", label: "ARN of the topic", hint: "arn:aws:sns:…", input: "text", isNeeded: true },
    { id: "filter", label: "Filter policy", hint: "JSON about the messages' attributes; empty for every message", input: "text" },
  ],
  sourceArn: topicOf,
  connect: subscribe,
  commands: (values, target) => [
    awsCommand("sns subscribe", {
      "topic-arn": topicOf(values) || "ARN",
      protocol: "lambda",
      "notification-endpoint": target.arn,
      attributes: filterOf(values) ? JSON.stringify({ FilterPolicy: filterOf(values) }) : undefined,
      region: target.region,
    }),
  ],
  disconnect: async (connection, sourceArn, target) => {
    const ours = (await subscriptions(connection, sourceArn)).filter(({ endpoint }) => endpoint === target.arn);
    for (const { arn } of ours) await sns(connection, "Unsubscribe", { SubscriptionArn: arn });
  },
};
