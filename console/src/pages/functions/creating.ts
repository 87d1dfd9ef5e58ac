/** How a function comes to be: its role, itself, and the wait until it can be called. */

import { BASIC_POLICY, createRole, getRole, iam, LAMBDA_TRUST } from "../../api/iam";
import { createFunction, type FunctionConfiguration, lambda, pathOf } from "../../api/lambda";
import { ApiError, type Connection } from "../../api/transport";
import { awsCommand } from "../../parts/CliCommand";
import { base64 } from "./archive";

/** Which role a function gets: a new one with that name, or one that is there. */
export type RoleChoice = { kind: "new"; name: string } | { kind: "there"; arn: string };

export interface Wish {
  name: string;
  description: string;
  runtime: string;
  handler: string;
  architecture: string;
  role: RoleChoice;
  zipped: Uint8Array;
}

const LOOK_EVERY_MS = 250;
const ACTIVE_WITHIN_MS = 120_000;
const SERVICE_PATH = "/service-role/";

/** Make all that is wished for; a name that is taken is found out before a role is made. */
export async function make(connection: Connection, wish: Wish): Promise<void> {
  if (await isThere(connection, wish.name)) {
    throw new ApiError("ResourceConflictException", `There is a function ${wish.name} already: choose another name.`, 409, "");
  }
  const roleArn = await roleOf(connection, wish.role);
  await createFunction(connection, {
    FunctionName: wish.name,
    Runtime: wish.runtime,
    Handler: wish.handler,
    Architectures: [wish.architecture],
    Role: roleArn,
    Code: { ZipFile: base64(wish.zipped) },
    ...(wish.description ? { Description: wish.description } : {}),
  });
  await becomesActive(connection, wish.name);
}

async function isThere(connection: Connection, name: string): Promise<boolean> {
  try {
    await lambda(connection, "GET", pathOf(name, "/configuration"));
    return true;
  } catch (error) {
    if (error instanceof ApiError && !error.isUnreachable && !error.isExpired) return false; // or not to be seen: creating it tells
    throw error;
  }
}

async function roleOf(connection: Connection, role: RoleChoice): Promise<string> {
  if (role.kind === "there") return role.arn;
  const made = await createRole(connection, role.name, LAMBDA_TRUST, "", SERVICE_PATH).catch((error: unknown) => {
    // Its name has eight characters of chance: an earlier attempt made it.
    if (error instanceof ApiError && error.code === "EntityAlreadyExists") return getRole(connection, role.name);
    throw error;
  });
  await iam(connection, "AttachRolePolicy", { RoleName: role.name, PolicyArn: BASIC_POLICY });
  return made.arn;
}

async function becomesActive(connection: Connection, name: string): Promise<void> {
  const until = Date.now() + ACTIVE_WITHIN_MS;
  for (;;) {
    const now = await lambda<FunctionConfiguration>(connection, "GET", pathOf(name, "/configuration"));
    if (now.State === "Active") return;
    if (now.State === "Failed") {
      throw new ApiError(now.State, `${name} was created, but cannot be called: ${now.StateReason ?? "no reason is given"}`, 200, "");
    }
    if (Date.now() > until) {
      throw new ApiError("Pending", `${name} was created, and is still ${now.State ?? "pending"}: see its page.`, 200, "");
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** The same with the AWS CLI, the code in `function.zip`. */
export function commandsFor(wish: Omit<Wish, "zipped">, account: string): string {
  const { role } = wish;
  const before =
    role.kind === "there"
      ? []
      : [
          awsCommand("iam create-role", {
            "role-name": role.name,
            path: SERVICE_PATH,
            "assume-role-policy-document": JSON.stringify(JSON.parse(LAMBDA_TRUST)),
          }),
          awsCommand("iam attach-role-policy", { "role-name": role.name, "policy-arn": BASIC_POLICY }),
        ];
  const create = awsCommand("lambda create-function", {
    "function-name": wish.name || "NAME",
    runtime: wish.runtime,
    handler: wish.handler,
    architectures: wish.architecture,
    role: role.kind === "there" ? role.arn : `arn:aws:iam::${account}:role${SERVICE_PATH}${role.name}`,
    "zip-file": "fileb://function.zip",
    description: wish.description || undefined,
  });
  return [...before, create].join("\n");
}
