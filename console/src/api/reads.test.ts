import { expect, test } from "vitest";
import { isRead } from "./reads";

test("what only reads may be sent again, in each protocol, and nothing else", () => {
  const post = { service: "x", method: "POST" };
  expect(isRead({ service: "lambda" })).toBe(true);
  expect(isRead({ ...post, headers: { "x-amz-target": "Logs_20140328.FilterLogEvents" } })).toBe(true);
  expect(isRead({ ...post, body: "Action=GetCallerIdentity&Version=2011-06-15" })).toBe(true);
  expect(isRead({ ...post, body: "Action=CreateRole&RoleName=ListRoles" })).toBe(false);
  expect(isRead({ ...post, headers: { "x-amz-target": "Logs_20140328.DeleteLogGroup" } })).toBe(false);
  expect(isRead({ ...post, path: "/2015-03-31/functions/ListRoles/invocations" })).toBe(false);
});
