/** What is read for functions, and which settings each kind of source has: a row per setting. */

import type { Mapping } from "../../../../api/lambda";
import { linesOf } from "../fields";

/** The path of event source mappings. */
export const MAPPINGS = "/2015-03-31/event-source-mappings/";

export type Source = "sqs" | "kinesis" | "dynamodb" | "msk" | "kafka";
/** By setting, as text; those that are ticked are "yes". */
export type Values = Readonly<Record<string, string>>;
type Members = Record<string, unknown>;

export interface Setting {
  id: string;
  label: string;
  hint: string;
  input: "text" | "number" | "lines" | "tick" | readonly string[];
  of: readonly Source[];
  /** Cannot be changed later. */
  isFixed?: true;
  isNeeded?: true;
  /** At the start; empty leaves it to the server. */
  initial?: string;
  /** Of no meaning unless another has this value. */
  only?: readonly [id: string, value: string] | undefined;
  read: (mapping: Mapping) => string;
  write: (value: string, source: Source) => Members;
}

export const SOURCES: readonly { value: Source; label: string; service: string }[] = [
  { value: "sqs", label: "SQS queue", service: "sqs" },
  { value: "kinesis", label: "Kinesis stream", service: "kinesis" },
  { value: "dynamodb", label: "DynamoDB stream", service: "dynamodb" },
  { value: "msk", label: "Kafka: MSK cluster", service: "kafka" },
  { value: "kafka", label: "Kafka: self-managed", service: "" },
];

const STREAMS = ["kinesis", "dynamodb"] as const;
const KAFKA = ["msk", "kafka"] as const;
const ORDERED = [...STREAMS, ...KAFKA] as const;
const WITH_ARN = ["sqs", ...STREAMS, "msk"] as const;
const EVERY = ["sqs", ...ORDERED] as const;

/** The kind of source of a mapping. */
export function sourceOf(mapping: Mapping): Source {
  const service = mapping.EventSourceArn?.split(":")[2];
  return SOURCES.find((one) => one.service === service)?.value ?? "kafka";
}

/** What a mapping reads, in a few words. */
export function nameOf(mapping: Mapping): string {
  if (mapping.EventSourceArn) return mapping.EventSourceArn;
  const { Endpoints } = (mapping["SelfManagedEventSource"] ?? {}) as { Endpoints?: Record<string, string[]> };
  return Object.values(Endpoints ?? {}).flat().join(", ") || mapping.UUID;
}

const at = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((found, member) => (found as Members | undefined)?.[member], value);
const textAt = (mapping: Mapping, ...path: string[]) => {
  const found = at(mapping, ...path);
  return Array.isArray(found) ? found.join("\n") : found === undefined || found === null ? "" : String(found);
};

type Plain = Pick<Setting, "id" | "label" | "hint" | "of"> & Partial<Setting>;
const number = (member: string, setting: Plain, blank?: number): Setting => ({
  input: "number",
  read: (mapping) => textAt(mapping, member),
  write: (value) => (value === "" ? (blank === undefined ? {} : { [member]: blank }) : { [member]: Number(value) }),
  ...setting,
});
const text = (member: string, setting: Plain): Setting => ({
  input: "text",
  read: (mapping) => textAt(mapping, member),
  write: (value) => ({ [member]: value }),
  ...setting,
});
const consumerOf = (source: Source) => (source === "msk" ? "AmazonManagedKafkaEventSourceConfig" : "SelfManagedKafkaEventSourceConfig");
const pollers = (member: string, setting: Plain): Setting => ({
  input: "number",
  read: (mapping) => textAt(mapping, "ProvisionedPollerConfig", member),
  write: (value) => ({ ProvisionedPollerConfig: value === "" ? {} : { [member]: Number(value) } }),
  ...setting,
});

export const SETTINGS: readonly Setting[] = [
  text("EventSourceArn", { id: "arn", label: "ARN of the source", hint: "Of the queue, stream, stream's consumer or cluster", of: WITH_ARN, isFixed: true, isNeeded: true }),
  {
    id: "servers", label: "Bootstrap servers", hint: "host:port, one a line", input: "lines", of: ["kafka"], isFixed: true, isNeeded: true,
    read: (mapping) => textAt(mapping, "SelfManagedEventSource", "Endpoints", "KAFKA_BOOTSTRAP_SERVERS"),
    write: (value) => ({ SelfManagedEventSource: { Endpoints: { KAFKA_BOOTSTRAP_SERVERS: linesOf(value) } } }),
  },
  text("Topics", { id: "topic", label: "Topic", hint: "Its name", of: KAFKA, isFixed: true, isNeeded: true, write: (value) => ({ Topics: linesOf(value) }) }),
  {
    id: "access", label: "Access", hint: "Type and URI, one a line: SASL_SCRAM_512_AUTH arn:aws:secretsmanager:… Self-managed clusters need one", input: "lines", of: KAFKA,
    read: (mapping) => ((mapping["SourceAccessConfigurations"] ?? []) as { Type: string; URI?: string }[]).map(({ Type, URI }) => [Type, URI].filter(Boolean).join(" ")).join("\n"),
    write: (value) => ({ SourceAccessConfigurations: linesOf(value).map((line) => line.split(/[\s=]+/, 2)).map(([Type, URI]) => ({ Type, ...(URI ? { URI } : {}) })) }),
  },
  {
    id: "group", label: "Consumer group", hint: "Empty for one of its own", input: "text", of: KAFKA, isFixed: true,
    read: (mapping) => textAt(mapping, consumerOf(sourceOf(mapping)), "ConsumerGroupId"),
    write: (value, source) => ({ [consumerOf(source)]: { ConsumerGroupId: value } }),
  },
  text("StartingPosition", { id: "position", label: "Starting position", hint: "Where the first record is taken", of: ORDERED, input: ["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"], isFixed: true, initial: "TRIM_HORIZON" }),
  {
    id: "moment", label: "Starting time", hint: "2026-11-27T16:20:31Z", input: "text", of: ["kinesis", ...KAFKA], isFixed: true, only: ["position", "AT_TIMESTAMP"],
    read: (mapping) => textAt(mapping, "StartingPositionTimestamp"),
    write: (value) => ({ StartingPositionTimestamp: Date.parse(value) / 1000 }),
  },
  number("BatchSize", { id: "batch", label: "Batch size", hint: "1 to 10,000; above 10 a queue needs a window", of: EVERY }),
  number("MaximumBatchingWindowInSeconds", { id: "window", label: "Batching window (s)", hint: "0 to 300: how long a batch is gathered", of: EVERY }, 0),
  {
    id: "filters", label: "Filters", hint: "Patterns, one a line; any one lets a record through. Empty for all", input: "lines", of: EVERY,
    read: (mapping) => ((at(mapping, "FilterCriteria", "Filters") ?? []) as { Pattern: string }[]).map(({ Pattern }) => Pattern).join("\n"),
    write: (value) => ({ FilterCriteria: { Filters: linesOf(value).map((Pattern) => ({ Pattern })) } }),
  },
  {
    id: "partial", label: "Report batch item failures", hint: "The function answers which records failed, and only those are tried again", input: "tick", of: EVERY,
    read: (mapping) => (((mapping["FunctionResponseTypes"] ?? []) as string[]).includes("ReportBatchItemFailures") ? "yes" : ""),
    write: (value) => ({ FunctionResponseTypes: value ? ["ReportBatchItemFailures"] : [] }),
  },
  {
    id: "concurrency", label: "Maximum concurrency", hint: "2 to 1,000 calls at once; empty for no limit of its own", input: "number", of: ["sqs"],
    read: (mapping) => textAt(mapping, "ScalingConfig", "MaximumConcurrency"),
    write: (value) => ({ ScalingConfig: value === "" ? {} : { MaximumConcurrency: Number(value) } }),
  },
  number("ParallelizationFactor", { id: "parallel", label: "Concurrent batches per shard", hint: "1 to 10", of: STREAMS }, 1),
  number("TumblingWindowInSeconds", { id: "tumbling", label: "Tumbling window (s)", hint: "0 to 900; state is handed on within one", of: STREAMS }, 0),
  {
    id: "failure", label: "On-failure destination", hint: "ARN of a queue, topic or bucket; empty for none", input: "text", of: ORDERED,
    read: (mapping) => textAt(mapping, "DestinationConfig", "OnFailure", "Destination"),
    write: (value) => ({ DestinationConfig: { OnFailure: value === "" ? {} : { Destination: value } } }),
  },
  number("MaximumRetryAttempts", { id: "retries", label: "Retries", hint: "0 to 10,000; -1 for as long as the record is there", of: ORDERED }, -1),
  number("MaximumRecordAgeInSeconds", { id: "age", label: "Maximum age of a record (s)", hint: "60 to 604,800; -1 for any", of: ORDERED }, -1),
  {
    id: "bisect", label: "Split a batch that fails", hint: "In two, and try both", input: "tick", of: ORDERED,
    read: (mapping) => (mapping["BisectBatchOnFunctionError"] ? "yes" : ""),
    write: (value) => ({ BisectBatchOnFunctionError: value !== "" }),
  },
  pollers("MinimumPollers", { id: "least", label: "Provisioned pollers, at least", hint: "Empty to scale without", of: ["sqs", ...KAFKA] }),
  pollers("MaximumPollers", { id: "most", label: "Provisioned pollers, at most", hint: "Empty to scale without", of: ["sqs", ...KAFKA] }),
  {
    id: "metrics", label: "Count events in CloudWatch", hint: "EventCount: polled, filtered, invoked, failed", input: "tick", of: ["sqs", ...STREAMS],
    read: (mapping) => (((at(mapping, "MetricsConfig", "Metrics") ?? []) as string[]).includes("EventCount") ? "yes" : ""),
    write: (value) => ({ MetricsConfig: value ? { Metrics: ["EventCount"] } : {} }),
  },
  text("KMSKeyArn", { id: "key", label: "KMS key of the filters", hint: "ARN; empty for none", of: EVERY }),
];
