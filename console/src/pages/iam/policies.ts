import { iam, iamPages, type PolicyRef } from "../../api/iam";
import { own } from "../../api/own";
import { childOf, listOf, textOf } from "../../api/query";
import { ApiError, type Connection } from "../../api/transport";

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

export interface PolicyDetails {
  description: string;
  created: string;
  updated: string;
}

/** What is told of a policy beside its versions. */
export async function policyOf(connection: Connection, arn: string): Promise<PolicyDetails> {
  const found = childOf(await iam(connection, "GetPolicy", { PolicyArn: arn }), "Policy");
  return { description: textOf(found, "Description"), created: textOf(found, "CreateDate"), updated: textOf(found, "UpdateDate") };
}

export interface Version {
  id: string;
  isDefault: boolean;
  created: string;
}

/** AWS keeps five. */
export const MOST_VERSIONS = 5;

/** Newest first. */
export const versionsOf = (connection: Connection, arn: string): Promise<Version[]> =>
  iamPages(connection, "ListPolicyVersions", { PolicyArn: arn }, "Versions", (one) => ({
    id: textOf(one, "VersionId"),
    isDefault: textOf(one, "IsDefaultVersion") === "true",
    created: textOf(one, "CreateDate"),
  }));

/** The version that must go before there can be another one: the oldest that is not in effect; null while there is room. */
export function inTheWay(versions: readonly Version[]): string | null {
  if (versions.length < MOST_VERSIONS) return null;
  const numberOf = ({ id }: Version) => Number(id.slice(1));
  const others = versions.filter(({ isDefault }) => !isDefault).sort((one, other) => numberOf(one) - numberOf(other));
  return others[0]?.id ?? null;
}

export interface Holder {
  kind: "Role" | "User" | "Group";
  name: string;
}

/** Whom a managed policy is attached to. */
export async function holdersOf(connection: Connection, arn: string): Promise<Holder[]> {
  const found = await iam(connection, "ListEntitiesForPolicy", { PolicyArn: arn, PolicyUsageFilter: "PermissionsPolicy" });
  return (["Role", "User", "Group"] as const).flatMap((kind) =>
    listOf(found, `Policy${kind}s`).map((one) => ({ kind, name: textOf(one, `${kind}Name`) })),
  );
}

/**
 * Delete a policy of the account with all its versions. What is attached cannot be deleted, so that is looked at
 * first: the older versions would be gone for nothing.
 */
export async function deletePolicy(connection: Connection, arn: string): Promise<void> {
  const found = await iam(connection, "ListEntitiesForPolicy", { PolicyArn: arn });
  if (["PolicyRoles", "PolicyUsers", "PolicyGroups"].some((list) => listOf(found, list).length > 0)) {
    throw new ApiError("DeleteConflict", "Cannot delete a policy attached to entities.", 409, "");
  }
  for (const { id, isDefault } of await versionsOf(connection, arn)) {
    if (!isDefault) await iam(connection, "DeletePolicyVersion", { PolicyArn: arn, VersionId: id });
  }
  await iam(connection, "DeletePolicy", { PolicyArn: arn });
}

/** AWS's own can be attached, and changed by nobody. */
export const isOfAws = (arn: string) => arn.includes(":iam::aws:");

/** What a new policy begins with. */
export const EXAMPLE = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "arn:aws:s3:::bucket/*" }] }, null, 2);

/** Why a policy cannot have this name; null when it can. */
export const nameProblem = (name: string): string | null =>
  /^[\w+=,.@-]{1,128}$/.test(name) ? null : "Letters, digits and +=,.@-_ only; at most 128.";

/** The same for a role. */
export const roleNameProblem = (name: string): string | null =>
  /^[\w+=,.@-]{1,64}$/.test(name) ? null : "Letters, digits and +=,.@-_ only; 1 to 64.";

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
