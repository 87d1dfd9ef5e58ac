/** Spans of time that graphs show, and how fine. */

export interface Range {
  id: string;
  label: string;
  spanS: number;
  periodS: number;
  /** When it begins; `spanS` before its end when it is left out. */
  startMs?: number;
  /** When it ends; now when it is left out. */
  endMs?: number;
}

const PERIODS_S = [60, 300, 900, 1_800, 3_600, 10_800, 21_600, 86_400, 604_800];
const MOST_POINTS = 200;

/** As fine as points can be told apart. */
const periodOf = (spanS: number): number => PERIODS_S.find((one) => spanS / one <= MOST_POINTS) ?? 604_800;

/** From one time to another, or to now (null), which goes on: `nowMs` says how fine it is. */
export function custom(startMs: number, endMs: number | null, nowMs: number): Range {
  const spanS = Math.max(60, ((endMs ?? nowMs) - startMs) / 1000);
  return { id: `${startMs}-${endMs ?? "now"}`, label: "custom", spanS, periodS: periodOf(spanS), startMs, ...(endMs === null ? {} : { endMs }) };
}

/** The last so many seconds, which move with the time. */
export function last(spanS: number): Range {
  const periodS = periodOf(spanS);
  return { id: `last ${spanS}`, label: "custom", spanS: Math.ceil(spanS / periodS) * periodS, periodS };
}

export const RANGES: readonly [Range, ...Range[]] = [
  { id: "30m", label: "30 minutes", spanS: 1_800, periodS: 60 },
  { id: "1h", label: "1 hour", spanS: 3_600, periodS: 60 },
  { id: "3h", label: "3 hours", spanS: 10_800, periodS: 300 },
  { id: "12h", label: "12 hours", spanS: 43_200, periodS: 900 },
  { id: "1d", label: "1 day", spanS: 86_400, periodS: 1_800 },
  { id: "1w", label: "1 week", spanS: 604_800, periodS: 10_800 },
];

/** Begin and end in ms, on whole periods. */
export function spanOf(range: Range, nowMs: number): { startMs: number; endMs: number } {
  const periodMs = range.periodS * 1000;
  const endMs = Math.ceil((range.endMs ?? Math.max(nowMs, (range.startMs ?? 0) + 1)) / periodMs) * periodMs;
  return { startMs: range.startMs === undefined ? endMs - range.spanS * 1000 : Math.floor(range.startMs / periodMs) * periodMs, endMs };
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
