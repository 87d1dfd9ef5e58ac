/** Requests to the endpoint that served this page, signed; every failure is an ApiError. */

import { isRead } from "./reads";
import { type Credentials, queryString, signed } from "./signature";

/** What went wrong, as the server said it. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    readonly requestId: string,
  ) {
    super(message);
  }

  /** Nobody answered. */
  get isUnreachable(): boolean {
    return this.status === 0;
  }

  /** The credentials hold no longer. */
  get isExpired(): boolean {
    return EXPIRED.has(this.code);
  }

  get isDenied(): boolean {
    return this.code.startsWith("AccessDenied");
  }

  get isMissing(): boolean {
    return this.status === 404 || this.code === "NoSuchEntity";
  }
}

const EXPIRED = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidClientTokenId",
  "UnrecognizedClientException",
  "SignatureDoesNotMatch",
  "InvalidSignatureException",
  "IncompleteSignature",
]);

export interface Ask {
  service: string;
  method?: string;
  /** Encoded. */
  path?: string;
  query?: Record<string, string | number | boolean | readonly string[] | undefined>;
  headers?: Record<string, string>;
  body?: Uint8Array | string;
  signal?: AbortSignal;
}

export interface Connection {
  credentials: Credentials;
  region: string;
  /** Called when the server knows the credentials no longer. */
  onExpired?: () => void;
}

const text = new TextEncoder();
/** Of what only reads. */
const TRIES = 3;
const AGAIN_AFTER_MS = 200;

/** Send a request; the answer's body has not been read. */
export async function send(connection: Connection, ask: Ask): Promise<Response> {
  const method = ask.method ?? "GET";
  const path = ask.path ?? "/";
  const query = Object.entries(ask.query ?? {}).flatMap(([name, value]) =>
    value === undefined
      ? []
      : Array.isArray(value)
        ? value.map((one) => [name, String(one)] as const)
        : [[name, String(value)] as const],
  );
  const body = typeof ask.body === "string" ? text.encode(ask.body) : (ask.body ?? new Uint8Array());
  const headers = signed(
    { method, host: location.host, path, query, headers: ask.headers ?? {}, body },
    connection.credentials,
    connection.region,
    ask.service,
    new Date(),
  );
  const search = queryString(query);
  const response = await fetched(path + (search ? `?${search}` : ""), isRead(ask) ? TRIES : 1, {
    method,
    headers,
    ...(method === "GET" || method === "HEAD" ? {} : { body: body as BufferSource }),
    ...(ask.signal ? { signal: ask.signal } : {}),
    cache: "no-store",
  });
  if (response.ok) return response;
  const failure = await failureOf(response);
  if (failure.isExpired) connection.onExpired?.();
  throw failure;
}

/** Browsers give up what is under way when a network link of the host comes or goes, as those of functions do. */
async function fetched(url: string, tries: number, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    if (tries <= 1) throw new ApiError("Unreachable", "The server does not answer. Is it running?", 0, "");
  }
  await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
  return fetched(url, tries - 1, init);
}

/** Send a request and read JSON; an empty answer is `{}`. */
export async function json<T>(connection: Connection, ask: Ask): Promise<T> {
  const answer = await (await send(connection, ask)).text();
  return (answer ? JSON.parse(answer) : {}) as T;
}

/** What was asked for; null when it is not there. */
export async function orNothing<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && error.isMissing) return null;
    throw error;
  }
}

async function failureOf(response: Response): Promise<ApiError> {
  const requestId =
    response.headers.get("x-amzn-requestid") ?? response.headers.get("x-amz-request-id") ?? "";
  const body = await response.text();
  const [code, message] = body.startsWith("<") ? fromXml(body) : fromJson(body);
  const named = response.headers.get("x-amzn-errortype")?.split(":")[0] ?? "";
  return new ApiError(
    (named || code || `Http${response.status}`).replace(/^.*#/, ""),
    message || `The server answered with status ${response.status}.`,
    response.status,
    requestId,
  );
}

function fromJson(body: string): [string, string] {
  try {
    const said = JSON.parse(body) as Record<string, unknown>;
    const code = said["__type"] ?? said["code"] ?? "";
    return [String(code), String(said["message"] ?? said["Message"] ?? said["errorMessage"] ?? "")];
  } catch {
    return ["", body.slice(0, 300)];
  }
}

function fromXml(body: string): [string, string] {
  const parsed = new DOMParser().parseFromString(body, "text/xml");
  const of = (name: string) => parsed.getElementsByTagName(name)[0]?.textContent ?? "";
  return [of("Code"), of("Message")];
}
