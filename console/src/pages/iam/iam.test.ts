import { expect, test } from "vitest";
import { problemOf, revocation } from "./policies";

test("what is wrong with a policy is told with its place", () => {
  const valid = { valid: true, problem: null, statement: null, line: null, column: null };
  expect(problemOf(valid)).toBeNull();
  expect(problemOf({ ...valid, valid: false, problem: "No JSON.", line: 3, column: 7 })).toBe("No JSON. (line 3, column 7)");
  expect(problemOf({ ...valid, valid: false, problem: "No action.", statement: 0 })).toBe("No action. (statement 1)");
});

test("revoking denies everything to sessions that began before", () => {
  const { Statement } = JSON.parse(revocation(new Date("2026-11-27T12:00:00Z"))) as { Statement: unknown[] };
  expect(Statement).toEqual([
    { Effect: "Deny", Action: ["*"], Resource: ["*"], Condition: { DateLessThan: { "aws:TokenIssueTime": "2026-11-27T12:00:00.000Z" } } },
  ]);
});
