/** Lambda's API, as its service model has it; members that the console does not use are left out. */

import { encoded } from "./signature";
import { type Connection, json, send } from "./transport";

export interface FunctionConfiguration {
  FunctionName: string;
  FunctionArn: string;
  Runtime?: string;
  Role: string;
  Handler?: string;
  CodeSize: number;
  Description: string;
  Timeout: number;
  MemorySize: number;
  LastModified: string;
  CodeSha256: string;
  Version: string;
  PackageType?: string;
  Architectures?: string[];
  EphemeralStorage?: { Size: number };
  State?: string;
  StateReason?: string;
  LastUpdateStatus?: string;
  LastUpdateStatusReason?: string;
  Environment?: { Variables?: Record<string, string> };
  Layers?: { Arn: string; CodeSize: number }[];
  DeadLetterConfig?: { TargetArn?: string };
  TracingConfig?: { Mode: string };
  LoggingConfig?: { LogFormat?: string; LogGroup?: string; ApplicationLogLevel?: string; SystemLogLevel?: string };
  SnapStart?: { ApplyOn: string; OptimizationStatus: string };
  RevisionId: string;
}

export interface FunctionDetails {
  Configuration: FunctionConfiguration;
  Code: { Location?: string; RepositoryType?: string };
  Tags?: Record<string, string>;
  Concurrency?: { ReservedConcurrentExecutions: number };
}

export interface Mapping {
  UUID: string;
  EventSourceArn?: string;
  FunctionArn: string;
  State: string;
  StateTransitionReason?: string;
  LastProcessingResult?: string;
  BatchSize?: number;
  /** What else it was set up with, as the API has it. */
  [setting: string]: unknown;
}

const functions = "/2015-03-31/functions";

/** The path of a function; a name may be an ARN. What came later has a version of the API of its own. */
export const pathOf = (name: string, rest = "", version = "2015-03-31") => `/${version}/functions/${encoded(name)}${rest}`;

interface More {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
}

/** Call an operation of Lambda by method and path. */
export function lambda<T>(connection: Connection, method: string, path: string, more: More = {}): Promise<T> {
  return json<T>(connection, {
    service: "lambda",
    method,
    path,
    ...(more.query ? { query: more.query } : {}),
    ...(more.body === undefined
      ? {}
      : { body: JSON.stringify(more.body), headers: { "content-type": "application/json" } }),
  });
}

/** Every page of a list. */
export async function all<T>(
  connection: Connection,
  path: string,
  list: string,
  query: Record<string, string | number | boolean | undefined> = {},
): Promise<T[]> {
  const found: T[] = [];
  let marker: string | undefined;
  do {
    const page = await lambda<Record<string, unknown>>(connection, "GET", path, {
      query: { ...query, ...(marker ? { Marker: marker } : {}) },
    });
    found.push(...((page[list] as T[] | undefined) ?? []));
    marker = page["NextMarker"] as string | undefined;
  } while (marker);
  return found;
}

export const listFunctions = (connection: Connection) =>
  all<FunctionConfiguration>(connection, `${functions}/`, "Functions");

export const getFunction = (connection: Connection, name: string) =>
  lambda<FunctionDetails>(connection, "GET", pathOf(name));

export const createFunction = (connection: Connection, body: Record<string, unknown>) =>
  lambda<FunctionConfiguration>(connection, "POST", functions, { body });

export const deleteFunction = (connection: Connection, name: string) =>
  lambda<unknown>(connection, "DELETE", pathOf(name));

export interface Invoked {
  status: number;
  body: string;
  /** "Handled" or "Unhandled"; null after a success. */
  functionError: string | null;
  /** The end of the log. */
  log: string;
  requestId: string;
  version: string;
  tookMs: number;
}

/** Call a function and wait for its answer. */
export async function invoke(connection: Connection, name: string, qualifier: string, payload: string): Promise<Invoked> {
  const began = performance.now();
  const response = await send(connection, {
    service: "lambda",
    method: "POST",
    path: pathOf(name, "/invocations"),
    query: { Qualifier: qualifier || undefined },
    headers: { "content-type": "application/json", "x-amz-log-type": "Tail" },
    body: payload,
  });
  const body = await response.text();
  const log = response.headers.get("x-amz-log-result") ?? "";
  return {
    status: response.status,
    body,
    functionError: response.headers.get("x-amz-function-error"),
    log: new TextDecoder().decode(Uint8Array.from(atob(log), (sign) => sign.charCodeAt(0))),
    requestId: response.headers.get("x-amzn-requestid") ?? "",
    version: response.headers.get("x-amz-executed-version") ?? "",
    tookMs: performance.now() - began,
  };
}
