import { lambda, pathOf } from "../../../../api/lambda";
import { ApiError, type Connection } from "../../../../api/transport";
import { qualified } from "../QualifierChoice";
import { type Permission, removalPath } from "./statements";

/** Which policy: that of a function, a version or an alias. */
export interface Owner {
  name: string;
  qualifier: string;
}

const add = (connection: Connection, { name, qualifier }: Owner, body: Permission) =>
  lambda(connection, "POST", pathOf(name, "/policy"), { query: qualified(qualifier), body });

export const removeStatement = (connection: Connection, { name, qualifier }: Owner, id: string) =>
  lambda(connection, "DELETE", pathOf(name, removalPath(id)), { query: qualified(qualifier) });

/** Add permissions and do what needs them, all or nothing: what was added is taken back when a step fails. */
export async function withPermissions(connection: Connection, owner: Owner, permissions: readonly Permission[], work: () => Promise<unknown> = () => Promise.resolve(), mayExist = false): Promise<void> {
  const added: string[] = [];
  try {
    for (const one of permissions) {
      if (await isAdded(add(connection, owner, one), mayExist)) added.push(String(one["StatementId"]));
    }
    await work();
  } catch (error) {
    for (const id of added) await removeStatement(connection, owner, id).catch(() => undefined); // the first failure is told
    throw error;
  }
}

async function isAdded(asked: Promise<unknown>, mayExist: boolean): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (mayExist && error instanceof ApiError && error.code === "ResourceConflictException") return false;
    throw error;
  }
}
