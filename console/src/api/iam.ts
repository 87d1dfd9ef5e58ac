import { call, childOf, listOf, pages, textOf, type Xml } from "./query";
import type { Connection } from "./transport";

const VERSION = "2010-05-08";

export interface Role {
  name: string;
  arn: string;
  path: string;
  created: string;
  description: string;
  maxSessionS: number;
  trust: string;
  lastUsed: string;
  lastUsedRegion: string;
}

export interface PolicyRef {
  name: string;
  arn: string;
}

export function readRole(role: Xml): Role {
  const used = childOf(role, "RoleLastUsed");
  return {
    name: textOf(role, "RoleName"),
    arn: textOf(role, "Arn"),
    path: textOf(role, "Path"),
    created: textOf(role, "CreateDate"),
    description: textOf(role, "Description"),
    maxSessionS: Number(textOf(role, "MaxSessionDuration") || 3600),
    trust: decodeURIComponent(textOf(role, "AssumeRolePolicyDocument")),
    lastUsed: textOf(used, "LastUsedDate"),
    lastUsedRegion: textOf(used, "Region"),
  };
}

export const iam = (connection: Connection, operation: string, params: Record<string, unknown> = {}) =>
  call(connection, "iam", VERSION, operation, params);

export const iamPages = <T>(
  connection: Connection,
  operation: string,
  params: Record<string, unknown>,
  list: string,
  read: (element: Xml) => T,
) => pages(connection, VERSION, operation, params, list, read);

export const listRoles = (connection: Connection): Promise<Role[]> =>
  iamPages(connection, "ListRoles", {}, "Roles", readRole);

export async function getRole(connection: Connection, name: string): Promise<Role> {
  const role = childOf(await iam(connection, "GetRole", { RoleName: name }), "Role");
  return readRole(role as Xml);
}

export async function createRole(
  connection: Connection,
  name: string,
  trust: string,
  description = "",
  path = "/",
): Promise<Role> {
  const result = await iam(connection, "CreateRole", {
    RoleName: name,
    AssumeRolePolicyDocument: trust,
    Path: path,
    ...(description ? { Description: description } : {}),
  });
  return readRole(childOf(result, "Role") as Xml);
}

export const attachedPolicies = (connection: Connection, role: string): Promise<PolicyRef[]> =>
  iamPages(connection, "ListAttachedRolePolicies", { RoleName: role }, "AttachedPolicies", (one) => ({
    name: textOf(one, "PolicyName"),
    arn: textOf(one, "PolicyArn"),
  }));

export const inlinePolicies = (connection: Connection, role: string): Promise<string[]> =>
  iamPages(connection, "ListRolePolicies", { RoleName: role }, "PolicyNames", (one) => one.textContent ?? "");

export const tagsOfRole = async (connection: Connection, role: string): Promise<[string, string][]> =>
  listOf(await iam(connection, "ListRoleTags", { RoleName: role }), "Tags").map((tag) => [
    textOf(tag, "Key"),
    textOf(tag, "Value"),
  ]);

/** Lets Lambda take the role. */
export const LAMBDA_TRUST = JSON.stringify(
  {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" }],
  },
  null,
  2,
);

export const BASIC_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
