/** Which requests change nothing, so that they may be sent once more. */

import type { Ask } from "./transport";

const READING = /^(Get|List|Describe|Filter|Search|BatchGet|Simulate|Test)[A-Z]/;

/** Whether a request only reads: by its method, or by the name of its operation where all are sent with POST. */
export function isRead(ask: Ask): boolean {
  const method = ask.method ?? "GET";
  if (method === "GET" || method === "HEAD") return true;
  const target = ask.headers?.["x-amz-target"]?.split(".").at(-1);
  const action = typeof ask.body === "string" ? /^Action=([A-Za-z]+)/.exec(ask.body)?.[1] : undefined;
  return READING.test(target ?? action ?? "");
}
