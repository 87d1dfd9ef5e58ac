/** What functions did in the last hours, for the list of them. */

import type { MetricQuery, Series } from "../../api/cloudwatch";

export const SPAN_MS = 3 * 3_600_000;
const PERIOD_S = 300;
const PERIOD_MS = PERIOD_S * 1000;
const METRICS = ["Invocations", "Errors"] as const;

export interface Activity {
  /** Of each five minutes, the oldest first. */
  invocations: number[];
  errors: number[];
}

/** From and to: whole periods, the one that runs last. */
export function spanUntil(nowMs: number): { startMs: number; endMs: number } {
  const endMs = (Math.floor(nowMs / PERIOD_MS) + 1) * PERIOD_MS;
  return { startMs: endMs - SPAN_MS, endMs };
}

/** One request's worth of questions: two for each function. */
export function queriesFor(names: readonly string[]): MetricQuery[] {
  return names.flatMap((name, index) =>
    METRICS.map((metric) => ({
      id: `${metric.toLowerCase()}${index}`,
      metric,
      dimensions: { FunctionName: name },
      statistic: "Sum",
      periodS: PERIOD_S,
    })),
  );
}

/** The answers by name. */
export function activityOf(
  names: readonly string[],
  found: ReadonlyMap<string, Series>,
  startMs: number,
): Map<string, Activity> {
  const of = (metric: string, index: number) => filled(found.get(`${metric.toLowerCase()}${index}`), startMs);
  return new Map(
    names.map((name, index) => [name, { invocations: of("Invocations", index), errors: of("Errors", index) }]),
  );
}

/** Every period: in those without a value nothing happened. */
function filled(series: Series | undefined, startMs: number): number[] {
  const values = Array.from({ length: SPAN_MS / PERIOD_MS }, () => 0);
  series?.times.forEach((time, index) => {
    const place = Math.floor((time - startMs) / PERIOD_MS);
    if (place >= 0 && place < values.length) values[place] = (values[place] ?? 0) + (series.values[index] ?? 0);
  });
  return values;
}

export const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
