import { ApiError, type Connection, json } from "../../../../../api/transport";
import { awsCommand } from "../../../../../parts/CliCommand";
import type { Values } from "../sources";
import type { CallerKind, Target } from "./kinds";

const events = <T>(connection: Connection, operation: string, body: Record<string, unknown>) =>
  json<T>(connection, {
    service: "events",
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `AWSEvents.${operation}` },
    body: JSON.stringify(body),
  });

const DEFAULT_BUS = "default";
const given = (values: Values, id: string) => (values[id] ?? "").trim();
const busOf = (values: Values) => given(values, "bus") || DEFAULT_BUS;
const makes = (values: Values) => given(values, "pattern") !== "" || given(values, "schedule") !== "";

/** Names of a rule and its bus. */
function ruleOf(arn: string): { Rule: string; EventBusName: string } {
  const [, ...names] = (arn.split(":").at(-1) ?? "").split("/");
  return { Rule: names.at(-1) ?? "", EventBusName: names.length > 1 ? (names[0] ?? DEFAULT_BUS) : DEFAULT_BUS };
}

const definition = (values: Values) => ({
  Name: given(values, "rule"),
  EventBusName: busOf(values),
  ...(given(values, "pattern") ? { EventPattern: given(values, "pattern") } : {}),
  ...(given(values, "schedule") ? { ScheduleExpression: given(values, "schedule") } : {}),
});

const targetId = (target: Target) => target.arn.split(":").slice(6).join("-").slice(0, 64);

interface Failures {
  FailedEntries?: { ErrorCode: string; ErrorMessage: string }[];
}

/** Some entries may fail in an answer that is no failure. */
async function entries(asked: Promise<Failures>): Promise<void> {
  const [failed] = (await asked).FailedEntries ?? [];
  if (failed) throw new ApiError(failed.ErrorCode, failed.ErrorMessage, 200, "");
}

/** Rules of EventBridge with the function as a target. */
export const RULES: CallerKind = {
  value: "events",
  label: "EventBridge rule",
  principal: "events.amazonaws.com",
  takenFrom: "the targets of the rule",
  fields: [
    { id: "rule", label: "Rule", hint: "Its name: of one that is there, or of one to be made", input: "text", isNeeded: true },
    { id: "bus", label: "Event bus", hint: "Its name", input: "text", initial: DEFAULT_BUS },
    { id: "pattern", label: "Event pattern", hint: "JSON; with it the rule is made, or changed", input: "text" },
    { id: "schedule", label: "Schedule", hint: "rate(5 minutes) or cron(…); with it the rule is made, or changed", input: "text" },
  ],
  sourceArn: (values, { partition, region, account }) =>
    `arn:${partition}:events:${region}:${account}:rule/${busOf(values) === DEFAULT_BUS ? "" : `${busOf(values)}/`}${given(values, "rule")}`,
  connect: async (connection, values, target) => {
    if (makes(values)) await events(connection, "PutRule", definition(values));
    await entries(
      events<Failures>(connection, "PutTargets", {
        Rule: given(values, "rule"),
        EventBusName: busOf(values),
        Targets: [{ Id: targetId(target), Arn: target.arn }],
      }),
    );
  },
  commands: (values, target) => {
    const where = { "event-bus-name": busOf(values), region: target.region };
    const rule = given(values, "rule") || "RULE";
    const made = awsCommand("events put-rule", {
      name: rule,
      "event-pattern": given(values, "pattern") || undefined,
      "schedule-expression": given(values, "schedule") || undefined,
      ...where,
    });
    return [...(makes(values) ? [made] : []), awsCommand("events put-targets", { rule, targets: `Id=${targetId(target)},Arn=${target.arn}`, ...where })];
  },
  disconnect: async (connection, sourceArn, target) => {
    const rule = ruleOf(sourceArn);
    const { Targets } = await events<{ Targets?: { Id: string; Arn: string }[] }>(connection, "ListTargetsByRule", rule);
    const Ids = (Targets ?? []).filter(({ Arn }) => Arn === target.arn).map(({ Id }) => Id);
    if (Ids.length) await entries(events<Failures>(connection, "RemoveTargets", { ...rule, Ids }));
  },
};
