import { expect, test } from "vitest";
import type { Series } from "../../api/cloudwatch";
import { counted, isColdStart } from "./coldStarts";
import { custom, last, RANGES, spanOf, spread } from "./ranges";
import { linesOf, queriesOf, successOf } from "./series";

const HOUR_MS = 3_600_000;

test("a span that was typed is shown whole, in at most 200 points", () => {
  for (const hours of [0.01, 1, 5, 30, 24 * 90]) {
    const range = custom(7 * HOUR_MS, (7 + hours) * HOUR_MS, 0);
    const { startMs, endMs } = spanOf(range, 0);
    expect(startMs).toBeLessThanOrEqual(7 * HOUR_MS);
    expect(endMs).toBeGreaterThanOrEqual((7 + hours) * HOUR_MS);
    expect((endMs - startMs) / 1000 / range.periodS).toBeLessThanOrEqual(202);
  }
});

test("a span without an end goes on, and the last hours move with the time", () => {
  const open = custom(0, null, HOUR_MS);
  expect(spanOf(open, HOUR_MS)).toEqual({ startMs: 0, endMs: HOUR_MS });
  expect(spanOf(open, 2 * HOUR_MS)).toEqual({ startMs: 0, endMs: 2 * HOUR_MS });
  expect(spanOf(last(3_600), 5 * HOUR_MS)).toEqual({ startMs: 4 * HOUR_MS, endMs: 5 * HOUR_MS });
  expect(last(3_600).id).toBe(last(3_600).id);
});

test("the ranges that are offered end with the period of now", () => {
  expect(spanOf(RANGES[0], 90_000)).toEqual({ startMs: 120_000 - 1_800_000, endMs: 120_000 });
});

test("values lie at their periods", () => {
  expect(spread([60_000, 400_000], [5, 6], 0, 180_000, 60)).toEqual([null, 5, null]);
  expect(counted([0, 61_000, 62_000, 999_000], 0, 180_000, 60)).toEqual([1, 2, 0]);
});

test("graphs of what few functions have are there when something was measured", () => {
  const queries = queriesOf("report", 60);
  const titles = (values: Record<string, number>) => {
    const found = new Map<string, Series>();
    for (const { id, metric } of queries) if (metric in values) found.set(id, { id, times: [0], values: [values[metric] ?? 0] });
    return linesOf(found, 0, 60_000, 60).map(({ graph }) => graph.title);
  };
  const usual = ["Invocations", "Errors", "Duration", "Throttles", "Concurrent executions"];
  expect(titles({})).toEqual(usual);
  expect(titles({ AsyncEventsDropped: 0, IteratorAge: 5 })).toEqual([...usual, "Age of records of streams"]);
  expect(successOf([4, null, 0], [1, 1, 1])).toEqual([75, null, null]);
});

test("a cold start is what the server's line says, in both formats, and not what a function prints", () => {
  expect(isColdStart("REPORT RequestId: x\tDuration: 1 ms\tInit Duration: 12.00 ms\t\n")).toBe(true);
  expect(isColdStart("REPORT RequestId: x\tDuration: 1 ms\tRestore Duration: 12.00 ms\t\n")).toBe(true);
  expect(isColdStart("REPORT RequestId: x\tDuration: 1 ms\t\n")).toBe(false);
  expect(isColdStart("Init Duration: 12 ms")).toBe(false);
  const report = (metrics: object) => JSON.stringify({ type: "platform.report", record: { metrics } });
  expect(isColdStart(report({ durationMs: 1, initDurationMs: 3 }))).toBe(true);
  expect(isColdStart(report({ durationMs: 1 }))).toBe(false);
  expect(isColdStart('{"initDurationMs": 3}')).toBe(false);
});
