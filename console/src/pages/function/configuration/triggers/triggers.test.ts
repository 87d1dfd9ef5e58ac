import { describe, expect, it } from "vitest";
import type { Mapping } from "../../../../api/lambda";
import { blank, changeOf, creationOf, isComplete, shownOf, settingsOf, valuesOf } from "./requests";
import { sourceOf } from "./sources";

const QUEUE: Mapping = { UUID: "u", FunctionArn: "f", State: "Enabled", EventSourceArn: "arn:aws:sqs:eu-west-1:000000000000:orders", BatchSize: 10, FunctionResponseTypes: [] };

describe("what is asked of the API", () => {
  it("names what is filled in and nothing else", () => {
    const values = { ...blank("sqs"), arn: " arn:queue ", filters: '{"a":[1]}\n\n{"b":[2]}', partial: "yes" };
    expect(creationOf("sqs", "f:live", values, false)).toEqual({
      FunctionName: "f:live",
      Enabled: false,
      EventSourceArn: "arn:queue",
      BatchSize: 10,
      FilterCriteria: { Filters: [{ Pattern: '{"a":[1]}' }, { Pattern: '{"b":[2]}' }] },
      FunctionResponseTypes: ["ReportBatchItemFailures"],
    });
  });

  it("puts both bounds of the pollers together, and Kafka's group where its kind has it", () => {
    const values = { ...blank("kafka"), servers: "a:1\nb:2", topic: "t", access: "BASIC_AUTH arn:secret\nIAM_AUTH", group: "g", least: "1", most: "3", position: "AT_TIMESTAMP", moment: "1970-01-01T00:00:10Z" };
    expect(creationOf("kafka", "f", values, true)).toMatchObject({
      SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: ["a:1", "b:2"] } },
      SourceAccessConfigurations: [{ Type: "BASIC_AUTH", URI: "arn:secret" }, { Type: "IAM_AUTH" }],
      SelfManagedKafkaEventSourceConfig: { ConsumerGroupId: "g" },
      ProvisionedPollerConfig: { MinimumPollers: 1, MaximumPollers: 3 },
      StartingPositionTimestamp: 10,
    });
  });

  it("leaves out a time when the position is another", () => {
    const values = { ...blank("kinesis"), arn: "a", moment: "1970-01-01T00:00:10Z" };
    expect(creationOf("kinesis", "f", values, true)).not.toHaveProperty("StartingPositionTimestamp");
    expect(shownOf(settingsOf("kinesis"), values).map(({ id }) => id)).not.toContain("moment");
  });

  it("changes what is other than it was, and takes back what was emptied", () => {
    const mapping: Mapping = { ...QUEUE, EventSourceArn: "arn:aws:kinesis:eu-west-1:000000000000:stream/s", MaximumRetryAttempts: 3, DestinationConfig: { OnFailure: { Destination: "arn:dlq" } } };
    const values = { ...valuesOf(mapping), retries: "", failure: "", bisect: "yes", arn: "arn:other" };
    expect(changeOf(mapping, values)).toEqual({
      MaximumRetryAttempts: -1,
      DestinationConfig: { OnFailure: {} },
      BisectBatchOnFunctionError: true,
    });
    expect(changeOf(QUEUE, valuesOf(QUEUE))).toEqual({});
  });

  it("is not complete without what its kind needs", () => {
    expect(isComplete("msk", { ...blank("msk"), arn: "a" })).toBe(false);
    expect(isComplete("msk", { ...blank("msk"), arn: "a", topic: "t" })).toBe(true);
    expect(sourceOf({ ...QUEUE, EventSourceArn: undefined as never })).toBe("kafka");
  });
});
