/** Spans of time that graphs show, and how fine. */

export interface Range {
  id: string;
  label: string;
  spanS: number;
  periodS: number;
  /** When it ends; now when it is left out. */
  endMs?: number;
}

const PERIODS_S = [60, 300, 900, 1_800, 3_600, 10_800, 21_600, 86_400, 604_800];
const MOST_POINTS = 200;

/** From one time to another, with as many points as can be told apart. */
export function custom(startMs: number, endMs: number): Range {
  const periodS = PERIODS_S.find((one) => (endMs - startMs) / 1000 / one <= MOST_POINTS) ?? 604_800;
  const [first, last] = [Math.floor(startMs / 1000 / periodS), Math.ceil(endMs / 1000 / periodS)];
  return { id: `${startMs}-${endMs}`, label: "custom", spanS: (last - first) * periodS, periodS, endMs };
}

export const RANGES: readonly [Range, ...Range[]] = [
  { id: "15m", label: "15 minutes", spanS: 900, periodS: 60 },
  { id: "1h", label: "1 hour", spanS: 3_600, periodS: 60 },
  { id: "3h", label: "3 hours", spanS: 10_800, periodS: 300 },
  { id: "12h", label: "12 hours", spanS: 43_200, periodS: 900 },
  { id: "1d", label: "1 day", spanS: 86_400, periodS: 1_800 },
  { id: "1w", label: "1 week", spanS: 604_800, periodS: 10_800 },
];

/** Begin and end in ms, on whole periods. */
export function spanOf(range: Range, nowMs: number): { startMs: number; endMs: number } {
  const periodMs = range.periodS * 1000;
  const endMs = Math.ceil((range.endMs ?? nowMs) / periodMs) * periodMs;
  return { startMs: endMs - range.spanS * 1000, endMs };
}

/** Of every period its value; null where nothing was measured. */
export function spread(times: readonly number[], values: readonly number[], startMs: number, endMs: number, periodS: number): (number | null)[] {
  const periodMs = periodS * 1000;
  const found = Array.from<number | null>({ length: Math.round((endMs - startMs) / periodMs) }).fill(null);
  times.forEach((time, index) => {
    const at = Math.floor((time - startMs) / periodMs);
    if (at >= 0 && at < found.length) found[at] = values[index] ?? null;
  });
  return found;
}
