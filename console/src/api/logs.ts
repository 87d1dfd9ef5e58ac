import { type Connection, json } from "./transport";

export interface LogEvent {
  timestamp: number;
  ingestionTime?: number;
  message: string;
  logStreamName?: string;
  eventId?: string;
}

/** Call an operation of CloudWatch Logs. */
export const logs = <T>(
  connection: Connection,
  operation: string,
  params: Record<string, unknown>,
  signal?: AbortSignal,
) =>
  json<T>(connection, {
    service: "logs",
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `Logs_20140328.${operation}` },
    body: JSON.stringify(params),
    ...(signal ? { signal } : {}),
  });
