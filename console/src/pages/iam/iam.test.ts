import { expect, test } from "vitest";
import { inTheWay, nameProblem, problemOf, revocation, roleNameProblem, type Version } from "./policies";

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

test("the oldest version that is not in effect goes for a sixth one, and none while there is room", () => {
  const versions = (numbers: number[], inEffect: number): Version[] =>
    numbers.map((number) => ({ id: `v${number}`, isDefault: number === inEffect, created: "" }));
  expect(inTheWay(versions([12, 11, 10, 9], 12))).toBeNull();
  expect(inTheWay(versions([12, 11, 10, 9, 8], 12))).toBe("v8");
  expect(inTheWay(versions([12, 11, 10, 9, 8], 8))).toBe("v9");
});

test("names are those of IAM: a policy's may be twice as long as a role's", () => {
  expect(nameProblem("Reads+logs=,.@-_1")).toBeNull();
  expect(nameProblem("two words")).not.toBeNull();
  expect(nameProblem("a".repeat(128))).toBeNull();
  expect(roleNameProblem("a".repeat(64))).toBeNull();
  expect(roleNameProblem("a".repeat(65))).not.toBeNull();
  expect(roleNameProblem("")).not.toBeNull();
});
