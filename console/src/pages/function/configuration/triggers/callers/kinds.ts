/** Services that call a function by its policy: how each is told to, and how it is told no longer. */

import type { Connection } from "../../../../../api/transport";
import type { Setting, Values } from "../sources";
import { RULES } from "./rules";
import { BUCKETS } from "./buckets";
import { TOPICS } from "./topics";

/** Whom a service calls, and where that is. */
export interface Target {
  /** With its qualifier. */
  arn: string;
  partition: string;
  region: string;
  account: string;
}

export interface CallerKind {
  value: string;
  label: string;
  principal: string;
  fields: readonly (Pick<Setting, "id" | "label" | "hint" | "input"> & { isNeeded?: true; initial?: string })[];
  sourceArn: (values: Values, target: Target) => string;
  connect: (connection: Connection, values: Values, target: Target) => Promise<unknown>;
  /** The same for a shell, without the permission. */
  commands: (values: Values, target: Target) => string[];
  disconnect: (connection: Connection, sourceArn: string, target: Target) => Promise<unknown>;
  /** What taking it away does: "…" after "Takes the function out of ". */
  takenFrom: string;
}

export const CALLERS: readonly CallerKind[] = [BUCKETS, TOPICS, RULES];

export const callerOf = (principal: string): CallerKind | undefined => CALLERS.find((one) => one.principal === principal);

export function targetOf(functionArn: string, qualifier: string): Target {
  const [, partition = "aws", , region = "", account = ""] = functionArn.split(":");
  return { arn: qualifier ? `${functionArn}:${qualifier}` : functionArn, partition, region, account };
}

/** The id of the statement that lets a source call: its service and its name. */
export const statementIdOf = (kind: CallerKind, sourceArn: string): string =>
  `${kind.value}-${sourceArn.split(":").at(-1) ?? ""}`.replace(/[^A-Za-z0-9_-]+/g, "-").slice(0, 100);
