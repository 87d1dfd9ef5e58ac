/** Spans of log that are shown. */

export const SPANS = [
  { id: "1m", seconds: 60 },
  { id: "30m", seconds: 1_800 },
  { id: "1h", seconds: 3_600 },
  { id: "12h", seconds: 43_200 },
] as const;

/** Why what was typed is no span of time; null when it is one, or not typed yet. */
export function problemOfSpan(from: string, to: string, zone: "local" | "utc"): string | null {
  const [begin, end] = [typed(from, zone), typed(to, zone)];
  if ((from && begin === null) || (to && end === null)) return "A time looks like 2026-11-27 12:00:00.";
  return begin !== null && end !== null && end <= begin ? "It ends before it begins." : null;
}

/** A time that was typed, in ms; null when it is none. */
export function typed(text: string, zone: "local" | "utc"): number | null {
  const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(:\d\d)?)$/.exec(text.trim());
  if (!found) return null;
  const value = Date.parse(`${found[1] ?? ""}T${found[2] ?? ""}${zone === "utc" ? "Z" : ""}`);
  return Number.isNaN(value) ? null : value;
}
