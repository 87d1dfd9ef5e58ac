import { expect, test } from "vitest";
import { hasCheckpoint, partsOf, sourceOf, timeProblem } from "./sources";

const arn = (service: string, resource: string) => ({ kind: service, source: `arn:aws:${service}:eu-west-1:123456789012:${resource}` });

test("a source is called by its own name", () => {
  expect(sourceOf(arn("sqs", "jobs.fifo"))).toBe("jobs.fifo");
  expect(sourceOf(arn("kinesis", "stream/ticks"))).toBe("ticks");
  expect(sourceOf(arn("kinesis", "stream/ticks/consumer/fast:1"))).toBe("ticks");
  expect(sourceOf(arn("dynamodb", "table/orders/stream/2026-11-27T12:00:00.000"))).toBe("orders");
  expect(sourceOf({ kind: "self-managed-kafka", source: "one:9092,two:9092" })).toBe("one:9092,two:9092");
});

test("streams and topics have checkpoints, queues have none", () => {
  expect(["kinesis", "dynamodb", "msk", "self-managed-kafka"].every((kind) => hasCheckpoint({ kind }))).toBe(true);
  expect(["sqs", "sqs-fifo", "mq", "documentdb"].some((kind) => hasCheckpoint({ kind }))).toBe(false);
  expect(partsOf({ kind: "msk" })).toBe("Partitions");
  expect(partsOf({ kind: "dynamodb" })).toBe("Shards");
});

test("a stream is read from times that have been", () => {
  const now = new Date("2026-11-27T12:00:00Z");
  expect(timeProblem("2026-11-27T11:59:59Z", now)).toBeNull();
  expect(timeProblem("2026-11-27T13:30:00+02:00", now)).toBeNull();
  expect(timeProblem("2026-11-27T12:00:01Z", now)).toMatch(/future/);
  expect(timeProblem("yesterday", now)).toMatch(/like/);
  expect(timeProblem("12", now)).toMatch(/like/);
});
