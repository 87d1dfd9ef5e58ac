/** Numbers and times for people. */

export type Zone = "local" | "utc";

const two = (value: number) => String(value).padStart(2, "0");

/** 2026-11-27 16:20:31, and with milliseconds if wanted. */
export function moment(value: number | string | Date | undefined, zone: Zone = "local", withMs = false): string {
  if (value === undefined || value === "") return "–";
  const date = new Date(value);
  if (Number.isNaN(date.getTime())) return "–";
  const shifted = zone === "utc" ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return shifted.toISOString().replace("T", " ").slice(0, withMs ? 23 : 19) + (zone === "utc" ? " UTC" : "");
}

/** "3 minutes ago" */
export function ago(value: number | string | Date | undefined): string {
  if (value === undefined || value === "") return "–";
  const seconds = (Date.now() - new Date(value).getTime()) / 1000;
  if (Number.isNaN(seconds)) return "–";
  for (const [unit, size] of [["day", 86_400], ["hour", 3_600], ["minute", 60]] as const) {
    const count = Math.floor(seconds / size);
    if (count >= 1) return `${count} ${unit}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}

export function bytes(count: number | null | undefined): string {
  if (count === null || count === undefined) return "–";
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Memory as Lambda counts it: its MB are 1,048,576 bytes. */
export const memory = (count: number | null | undefined) =>
  count === null || count === undefined ? "–" : `${(count / 1_048_576).toFixed(count < 104_857_600 ? 1 : 0)} MB`;

export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value >= 60_000) return `${(value / 60_000).toFixed(1)} min`;
  if (value >= 1_000) return `${(value / 1_000).toFixed(2)} s`;
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  if (value < 60) return `${Math.round(value)} s`;
  if (value < 3_600) return `${Math.floor(value / 60)} min ${two(Math.floor(value % 60))} s`;
  if (value < 86_400) return `${Math.floor(value / 3_600)} h ${two(Math.floor((value % 3_600) / 60))} min`;
  return `${Math.floor(value / 86_400)} d ${Math.floor((value % 86_400) / 3_600)} h`;
}

export const count = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 2 });
