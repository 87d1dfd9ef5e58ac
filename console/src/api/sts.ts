import { call, textOf } from "./query";
import type { Connection } from "./transport";

export interface Identity {
  account: string;
  arn: string;
}

export async function callerIdentity(connection: Connection): Promise<Identity> {
  const result = await call(connection, "sts", "2011-06-15", "GetCallerIdentity");
  return { account: textOf(result, "Account"), arn: textOf(result, "Arn") };
}
