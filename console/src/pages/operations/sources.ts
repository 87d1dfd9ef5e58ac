import type { PolledMapping } from "./types";

/** The name of what a mapping reads. */
export const sourceOf = ({ source, kind }: Pick<PolledMapping, "source" | "kind">): string =>
  source.startsWith("arn:") ? nameIn(source) : source || kind;

/** A table of DynamoDB is known by its own name, and not by the label of its stream. */
function nameIn(arn: string): string {
  const resource = arn.split(":").slice(5).join(":");
  return /^(?:table|stream|cluster)\/([^/]+)/.exec(resource)?.[1] ?? resource;
}

/** Sources that are read from a place which is kept: a checkpoint. */
export const hasCheckpoint = ({ kind }: Pick<PolledMapping, "kind">): boolean =>
  ["kinesis", "dynamodb", "msk", "self-managed-kafka"].includes(kind);

/** Shards of a stream, or partitions of a topic. */
export const partsOf = ({ kind }: Pick<PolledMapping, "kind">): "Shards" | "Partitions" =>
  kind.includes("kafka") || kind === "msk" ? "Partitions" : "Shards";

/** Why a time cannot be read from; null when it can. */
export function timeProblem(text: string, now: Date): string | null {
  const at = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(at.getTime())) return "A time like 2026-11-27T12:00:00Z.";
  return at > now ? "It lies in the future." : null;
}
