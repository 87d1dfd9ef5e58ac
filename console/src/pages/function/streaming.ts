import { type Message, messagesOf } from "../../api/eventstream";
import type { Invoked } from "../../api/lambda";
import { encoded } from "../../api/signature";
import { ApiError, type Connection, send } from "../../api/transport";

interface Completion {
  ErrorCode?: string;
  ErrorDetails?: string;
  LogResult?: string;
}

/** Call a function and tell its answer as it comes. */
export async function invokeStreaming(
  connection: Connection,
  name: string,
  qualifier: string,
  payload: string,
  tell: (soFar: string) => void,
): Promise<Invoked> {
  const began = performance.now();
  const response = await send(connection, {
    service: "lambda",
    method: "POST",
    path: `/2021-11-15/functions/${encoded(name)}/response-streaming-invocations`,
    query: { Qualifier: qualifier || undefined },
    headers: { "content-type": "application/json", "x-amz-log-type": "Tail" },
    body: payload,
  });
  const decoder = new TextDecoder();
  let body = "";
  let end: Completion | null = null;
  for await (const { headers, payload: part } of whole(response)) {
    if (headers[":event-type"] === "PayloadChunk") {
      body += decoder.decode(part, { stream: true });
      tell(body);
    } else if (headers[":event-type"] === "InvokeComplete") {
      end = JSON.parse(new TextDecoder().decode(part)) as Completion;
    }
  }
  if (end === null) throw brokenOff(response);
  const log = Uint8Array.from(atob(end.LogResult ?? ""), (sign) => sign.charCodeAt(0));
  return {
    status: response.status,
    body: end.ErrorDetails && !body ? end.ErrorDetails : body,
    functionError: end.ErrorCode ?? null,
    log: new TextDecoder().decode(log),
    requestId: response.headers.get("x-amzn-requestid") ?? "",
    version: response.headers.get("x-amz-executed-version") ?? "",
    tookMs: performance.now() - began,
  };
}

const brokenOff = (response: Response) =>
  new ApiError(
    "BrokenOff",
    "The response broke off before its end: the server or the function's environment ended. See the log.",
    response.status,
    response.headers.get("x-amzn-requestid") ?? "",
  );

async function* whole(response: Response): AsyncGenerator<Message> {
  try {
    yield* messagesOf(response);
  } catch {
    throw brokenOff(response);
  }
}
