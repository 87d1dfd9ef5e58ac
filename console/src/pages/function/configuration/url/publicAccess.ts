/** The two statements that let everybody call a URL without a signature, as AWS's console names them. */

import type { Connection } from "../../../../api/transport";
import { withPermissions } from "../permissions/adding";
import { addCommand, type Permission } from "../permissions/statements";

const STATEMENTS: readonly Permission[] = [
  { StatementId: "FunctionURLAllowPublicAccess", Action: "lambda:InvokeFunctionUrl", Principal: "*", FunctionUrlAuthType: "NONE" },
  { StatementId: "FunctionURLInvokeAllowPublicAccess", Action: "lambda:InvokeFunction", Principal: "*", InvokedViaFunctionUrl: true },
];

/** Add what is not there yet. */
export const letEverybodyIn = (connection: Connection, name: string, qualifier: string) =>
  withPermissions(connection, { name, qualifier }, STATEMENTS, undefined, true);

export const publicCommands = (name: string, qualifier: string, region: string) =>
  STATEMENTS.map((one) => addCommand(name, qualifier, region, one));
