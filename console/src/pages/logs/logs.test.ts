import { expect, test } from "vitest";
import { kept, shownAs } from "./lines";
import { problemOfSpan, typed } from "./times";

test("a message is shown without its newline, cut when it is very long, and JSON spread when wanted", () => {
  expect(shownAs("a\n", false)).toEqual({ text: "a", cut: 0 });
  expect(shownAs("x".repeat(6_000), false)).toEqual({ text: "x".repeat(5_000), cut: 1_000 });
  expect(shownAs('{"a":1}', true).text).toBe('{\n  "a": 1\n}');
  expect(shownAs("{no", true).text).toBe("{no");
});

test("a time is read in either zone, and nothing else is a time", () => {
  expect(typed("2026-11-27 12:00", "utc")).toBe(Date.UTC(2026, 10, 27, 12));
  expect(typed("yesterday", "utc")).toBeNull();
});

test("a span of time begins before it ends", () => {
  expect(problemOfSpan("2026-11-27 12:00", "2026-11-27 12:01", "utc")).toBeNull();
  expect(problemOfSpan("2026-11-27 12:00", "", "utc")).toBeNull();
  expect(problemOfSpan("", "", "utc")).toBeNull();
  expect(problemOfSpan("2026-11-27 12:00", "2026-11-27 12:00", "utc")).toMatch("before");
  expect(problemOfSpan("noon", "", "utc")).toMatch("looks like");
});

test("of many lines the last are kept", () => {
  expect(kept([1, 2], [3, 4], 3)).toEqual([2, 3, 4]);
});
