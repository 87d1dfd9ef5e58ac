/** lambdad's own operations, as docs/reference/operations-api.md has them. */

import { type Connection, json } from "./transport";

export const own = <T>(
  connection: Connection,
  method: "GET" | "POST",
  name: string,
  more: { query?: Record<string, string | number | undefined>; body?: unknown } = {},
) =>
  json<T>(connection, {
    service: "lambda",
    method,
    path: `/lambdad/v1/${name}`,
    ...(more.query ? { query: more.query } : {}),
    ...(more.body === undefined
      ? {}
      : { body: JSON.stringify(more.body), headers: { "content-type": "application/json" } }),
  });
