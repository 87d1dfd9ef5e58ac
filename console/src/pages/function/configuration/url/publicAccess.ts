/** The two statements that let everybody call a URL without a signature, as AWS's console names them. */

import { lambda, pathOf } from "../../../../api/lambda";
import { ApiError, type Connection } from "../../../../api/transport";
import { awsCommand } from "../../../../parts/CliCommand";
import { qualified } from "../QualifierChoice";

const STATEMENTS = [
  { StatementId: "FunctionURLAllowPublicAccess", Action: "lambda:InvokeFunctionUrl", Principal: "*", FunctionUrlAuthType: "NONE" },
  { StatementId: "FunctionURLInvokeAllowPublicAccess", Action: "lambda:InvokeFunction", Principal: "*", InvokedViaFunctionUrl: true },
] as const;

/** Add what is not there yet. */
export async function letEverybodyIn(connection: Connection, name: string, qualifier: string): Promise<void> {
  for (const body of STATEMENTS) {
    try {
      await lambda(connection, "POST", pathOf(name, "/policy"), { query: qualified(qualifier), body });
    } catch (error) {
      if (!(error instanceof ApiError && error.code === "ResourceConflictException")) throw error;
    }
  }
}

export const publicCommands = (name: string, qualifier: string, region: string) =>
  STATEMENTS.map((one) =>
    awsCommand("lambda add-permission", {
      "function-name": name,
      qualifier: qualifier || undefined,
      "statement-id": one.StatementId,
      action: one.Action,
      principal: one.Principal,
      ...("FunctionUrlAuthType" in one ? { "function-url-auth-type": one.FunctionUrlAuthType } : { "invoked-via-function-url": true as const }),
      region,
    }),
  );
