import { expect, test } from "vitest";
import { kept, shownAs } from "./lines";
import { problemOfSpan, relativeS, typed } from "./times";

test("a message is shown without its newline, cut when it is very long, and JSON spread when wanted", () => {
  expect(shownAs("a\n", false)).toEqual({ text: "a", cut: 0 });
  expect(shownAs("x".repeat(6_000), false)).toEqual({ text: "x".repeat(5_000), cut: 1_000 });
  expect(shownAs('{"a":1}', true).text).toBe('{\n  "a": 1\n}');
  expect(shownAs("{no", true).text).toBe("{no");
});

test("a time is read in either zone, and nothing else is a time", () => {
  expect(typed("2026-11-27 12:00", "utc")).toBe(Date.UTC(2026, 10, 27, 12));
  expect(typed("yesterday", "utc")).toBeNull();
  expect(typed("-90m", "utc", 10_000_000)).toBe(10_000_000 - 5_400_000);
  expect(relativeS("-2w")).toBe(1_209_600);
  for (const wrong of ["90m", "-0h", "-9999w", "-1y", "--1h"]) expect(relativeS(wrong)).toBeNull();
});

test("a span of time begins before it ends", () => {
  expect(problemOfSpan("2026-11-27 12:00", "2026-11-27 12:01", "utc")).toBeNull();
  expect(problemOfSpan("2026-11-27 12:00", "", "utc")).toBeNull();
  expect(problemOfSpan("", "", "utc")).toBeNull();
  expect(problemOfSpan("2026-11-27 12:00", "2026-11-27 12:00", "utc")).toMatch("before");
  expect(problemOfSpan("-1h", "-2h", "utc")).toMatch("before");
  expect(problemOfSpan("2999-01-01 00:00", "", "utc")).toMatch("future");
  expect(problemOfSpan("noon", "", "utc")).toMatch("looks like");
});

test("of many lines the last are kept", () => {
  expect(kept([1, 2], [3, 4], 3)).toEqual([2, 3, 4]);
});
