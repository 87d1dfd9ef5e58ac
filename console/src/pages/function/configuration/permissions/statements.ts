/** Single statements of a resource policy: as they are shown, and as AddPermission takes them. */

import { encoded } from "../../../../api/signature";
import { awsCommand } from "../../../../parts/CliCommand";
import type { Statement } from "../../around";

export type Who = "service" | "account" | "url";

/** What a person fills in; text that is empty is left out. */
export interface Wanted {
  who: Who;
  id: string;
  principal: string;
  action: string;
  sourceArn: string;
  sourceAccount: string;
  organisation: string;
  authType: string;
}

export const EMPTY: Wanted = {
  who: "service",
  id: "",
  principal: "s3.amazonaws.com",
  action: "lambda:InvokeFunction",
  sourceArn: "",
  sourceAccount: "",
  organisation: "",
  authType: "AWS_IAM",
};

export type Permission = Record<string, string | true>;

/** The requests it takes: a URL may be called with two permissions. */
export function permissionsOf(wanted: Wanted): Permission[] {
  const common = { StatementId: wanted.id, Principal: wanted.principal.trim() };
  const more = (members: Permission) => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== ""));
  if (wanted.who === "service") {
    return [{ ...common, Action: wanted.action, ...more({ SourceArn: wanted.sourceArn.trim(), SourceAccount: wanted.sourceAccount.trim() }) }];
  }
  const organisation = more({ PrincipalOrgID: wanted.organisation.trim() });
  if (wanted.who === "account") return [{ ...common, Action: wanted.action, ...organisation }];
  return [
    { ...common, Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: wanted.authType, ...organisation },
    { ...common, StatementId: `${wanted.id}Invoke`, Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true, ...organisation },
  ];
}

const OPTIONS: Record<string, string> = {
  StatementId: "statement-id",
  Principal: "principal",
  Action: "action",
  SourceArn: "source-arn",
  SourceAccount: "source-account",
  PrincipalOrgID: "principal-org-id",
  FunctionUrlAuthType: "function-url-auth-type",
  InvokedViaFunctionUrl: "invoked-via-function-url",
};

export function addCommand(name: string, qualifier: string, region: string, permission: Permission): string {
  const options = Object.fromEntries(Object.entries(permission).map(([member, value]) => [OPTIONS[member] ?? member, value]));
  return awsCommand("lambda add-permission", { "function-name": name, qualifier: qualifier || undefined, ...options, region });
}

/** Behind the path of the function. */
export const removalPath = (id: string) => `/policy/${encoded(id)}`;

export interface Row {
  /** Empty for statements that have none, and can be changed with the whole policy only. */
  id: string;
  effect: string;
  principal: string;
  action: string;
  conditions: string[];
}

export function rowOf(statement: Statement): Row {
  const { Principal: who } = statement;
  const principal =
    typeof who === "object" ? Object.values(who).flat().join(", ") : who === "*" ? "Everybody" : (who ?? "–");
  return {
    id: statement.Sid ?? "",
    effect: statement.Effect ?? "–",
    principal,
    action: [statement.Action ?? "–"].flat().join(", "),
    conditions: Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, value]) => `${key} ${operator} ${[value].flat().join(" or ")}`),
    ),
  };
}
