/** What stands around a function, out of what the API tells. */

import type { Mapping } from "../../api/lambda";

export interface Trigger {
  service: string;
  what: string;
}

export interface Destinations {
  DestinationConfig?: { OnSuccess?: { Destination?: string }; OnFailure?: { Destination?: string } };
}

export interface Statement {
  Sid?: string;
  Effect?: string;
  Principal?: string | Record<string, string | string[]>;
  Action?: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}

/** Event source mappings, and the services that the resource policy lets in. */
export function triggersOf(mappings: readonly Mapping[], policy: string | null): Trigger[] {
  const polled = mappings.map((mapping) => {
    const parts = (mapping.EventSourceArn ?? "").split(":");
    return { service: parts[2] ?? "mapping", what: `${parts.slice(5).join(":") || mapping.UUID} (${mapping.State})` };
  });
  return [...polled, ...statementsOf(policy).flatMap(ofStatement)];
}

/** The statements of a policy; none of a text that is no policy. */
export function statementsOf(policy: string | null): Statement[] {
  try {
    const { Statement: found } = JSON.parse(policy ?? "{}") as { Statement?: Statement | Statement[] };
    return found === undefined ? [] : Array.isArray(found) ? found : [found];
  } catch {
    return [];
  }
}

function ofStatement(statement: Statement): Trigger[] {
  if (statement.Effect !== "Allow" || typeof statement.Principal !== "object") return [];
  const services = [statement.Principal["Service"] ?? []].flat();
  return services.map((service) => ({
    service: service.replace(".amazonaws.com", ""),
    what: sourcesOf(statement).join(", ") || "any source",
  }));
}

/** The ARNs that a statement limits a service to. */
export function sourcesOf(statement: Statement): string[] {
  return Object.values(statement.Condition ?? {}).flatMap((keys) =>
    Object.entries(keys).flatMap(([key, value]) => (key.toLowerCase() === "aws:sourcearn" ? [value].flat() : [])),
  );
}

/** Who is told of the ends of asynchronous invocations. */
export function targetsOf(events: Destinations | null): string[] {
  const { OnSuccess, OnFailure } = events?.DestinationConfig ?? {};
  return [
    ...(OnSuccess?.Destination ? [`On success: ${OnSuccess.Destination}`] : []),
    ...(OnFailure?.Destination ? [`On failure: ${OnFailure.Destination}`] : []),
  ];
}
