/** Spans of time that are shown, and times as they are typed: 2026-11-27 12:00:00, or -90m for so long ago. */

export const SPANS = [
  { id: "1m", seconds: 60 },
  { id: "30m", seconds: 1_800 },
  { id: "1h", seconds: 3_600 },
  { id: "12h", seconds: 43_200 },
] as const;

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
/** As long as metrics are kept. */
const MOST_S = 455 * 86_400;

/** Why what was typed is no span of time; null when it is one, or not typed yet. */
export function problemOfSpan(from: string, to: string, zone: "local" | "utc", nowMs = Date.now()): string | null {
  const [begin, end] = [typed(from, zone, nowMs), typed(to, zone, nowMs)];
  if ((from && begin === null) || (to && end === null)) return "A time looks like 2026-11-27 12:00:00, or like -90m, -12h or -7d.";
  if (begin !== null && end === null && begin >= nowMs) return "It begins in the future.";
  return begin !== null && end !== null && end <= begin ? "It ends before it begins." : null;
}

/** How long ago a time is that was typed so, in seconds; null when it was typed otherwise. */
export function relativeS(text: string): number | null {
  const found = /^-\s*(\d{1,9})\s*([smhdw])$/.exec(text.trim());
  const seconds = Number(found?.[1]) * (UNITS[found?.[2] ?? ""] ?? Number.NaN);
  return seconds > 0 && seconds <= MOST_S ? seconds : null;
}

/** A time that was typed, in ms; null when it is none. */
export function typed(text: string, zone: "local" | "utc", nowMs = Date.now()): number | null {
  const ago = relativeS(text);
  if (ago !== null) return nowMs - ago * 1000;
  const found = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(:\d\d)?)$/.exec(text.trim());
  if (!found) return null;
  const value = Date.parse(`${found[1] ?? ""}T${found[2] ?? ""}${zone === "utc" ? "Z" : ""}`);
  return Number.isNaN(value) ? null : value;
}
