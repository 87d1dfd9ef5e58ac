import { iamPages, type PolicyRef } from "../../api/iam";
import { own } from "../../api/own";
import { textOf } from "../../api/query";
import type { Connection } from "../../api/transport";

export interface Policy extends PolicyRef {
  /** Of users, groups and roles. */
  attachments: number;
}

/** Every policy that can be attached: AWS's and the account's. */
export const policiesOf = (connection: Connection): Promise<Policy[]> =>
  iamPages(connection, "ListPolicies", { Scope: "All" }, "Policies", (one) => ({
    name: textOf(one, "PolicyName"),
    arn: textOf(one, "Arn"),
    attachments: Number(textOf(one, "AttachmentCount") || 0),
  }));

/** AWS's own can be attached, and changed by nobody. */
export const isOfAws = (arn: string) => arn.includes(":iam::aws:");

/** What a new policy begins with. */
export const EXAMPLE = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/*" }] }, null, 2);

/** Why a policy cannot have this name; null when it can. */
export const nameProblem = (name: string): string | null =>
  /^[\w+=,.@-]{1,128}$/.test(name) ? null : "Letters, digits and +=,.@-_ only; at most 128.";

export interface Checked {
  valid: boolean;
  problem: string | null;
  statement: number | null;
  line: number | null;
  column: number | null;
}

/** Whether a document is a policy, and where it is not. */
export const checked = (connection: Connection, document: string, kind: "identity" | "trust") =>
  own<Checked>(connection, "POST", "auth/check", { body: { document, kind } });

/** What is wrong, with its place. */
export function problemOf({ valid, problem, statement, line, column }: Checked): string | null {
  if (valid) return null;
  const place = line !== null ? ` (line ${line}, column ${column ?? 1})` : statement !== null ? ` (statement ${statement + 1})` : "";
  return `${problem ?? "This is no policy."}${place}`;
}

/** Denies everything to sessions that began before a moment; what AWS's console puts, too. */
export const revocation = (before: Date) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Deny", Action: ["*"], Resource: ["*"], Condition: { DateLessThan: { "aws:TokenIssueTime": before.toISOString() } } },
    ],
  });

export const REVOCATION = "AWSRevokeOlderSessions";
