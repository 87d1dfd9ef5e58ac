import type { BillLine } from "./types";

const COLUMNS = ["day", "region", "function", "version", "tag", "requests", "gb_s", "cost"] as const;

/** Lines as a table that spreadsheets read; what one of them would take for a formula is quoted as text. */
export function csvOf(lines: readonly BillLine[]): string {
  const rows = lines.map((line) => COLUMNS.map((name) => cell(line[name])).join(","));
  return [COLUMNS.join(","), ...rows, ""].join("\r\n");
}

function cell(value: string | number | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
