import { expect, test } from "vitest";
import { custom, RANGES, spanOf, spread } from "./ranges";

const HOUR_MS = 3_600_000;

test("a span that was typed is shown whole, in at most 200 points", () => {
  for (const hours of [0.01, 1, 5, 30, 24 * 90]) {
    const range = custom(7 * HOUR_MS, (7 + hours) * HOUR_MS);
    const { startMs, endMs } = spanOf(range, 0);
    expect(startMs).toBeLessThanOrEqual(7 * HOUR_MS);
    expect(endMs).toBeGreaterThanOrEqual((7 + hours) * HOUR_MS);
    expect((endMs - startMs) / 1000 / range.periodS).toBeLessThanOrEqual(201);
  }
});

test("the ranges that are offered end with the period of now", () => {
  expect(spanOf(RANGES[0], 90_000)).toEqual({ startMs: 120_000 - 900_000, endMs: 120_000 });
});

test("values lie at their periods", () => {
  expect(spread([60_000, 400_000], [5, 6], 0, 180_000, 60)).toEqual([null, 5, null]);
});
