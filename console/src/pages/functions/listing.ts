/** Which functions of the list are shown, and in which order. */

import type { FunctionConfiguration } from "../../api/lambda";

export interface Filter {
  /** Found in name, description or runtime. */
  text: string;
  /** An id; empty for any. */
  runtime: string;
  architecture: string;
  packageType: string;
}

export const NO_FILTER: Filter = { text: "", runtime: "", architecture: "", packageType: "" };

export type Column = "name" | "runtime" | "memory" | "modified";

export interface Order {
  column: Column;
  descending: boolean;
}

export const architectureOf = (one: FunctionConfiguration): string => one.Architectures?.[0] ?? "x86_64";
export const packageOf = (one: FunctionConfiguration): string => one.PackageType ?? "Zip";

/** When a function was changed, ms since the epoch: AWS writes its zone without a colon. */
export const modifiedMs = (one: FunctionConfiguration): number =>
  Date.parse(one.LastModified.replace(/\+0000$/, "Z"));

export const isFiltered = (filter: Filter): boolean => Object.values(filter).some(Boolean);

export function shown(
  functions: readonly FunctionConfiguration[],
  filter: Filter,
  order: Order,
): FunctionConfiguration[] {
  const text = filter.text.trim().toLowerCase();
  const found = functions.filter(
    (one) =>
      (!text || [one.FunctionName, one.Description, one.Runtime ?? ""].some((part) => part.toLowerCase().includes(text))) &&
      (!filter.runtime || one.Runtime === filter.runtime) &&
      (!filter.architecture || architectureOf(one) === filter.architecture) &&
      (!filter.packageType || packageOf(one) === filter.packageType),
  );
  const sign = order.descending ? -1 : 1;
  return found.sort((a, b) => sign * compared(a, b, order.column) || a.FunctionName.localeCompare(b.FunctionName));
}

function compared(a: FunctionConfiguration, b: FunctionConfiguration, column: Column): number {
  switch (column) {
    case "name":
      return a.FunctionName.localeCompare(b.FunctionName);
    case "runtime":
      return (a.Runtime ?? "").localeCompare(b.Runtime ?? "", "en", { numeric: true });
    case "memory":
      return a.MemorySize - b.MemorySize;
    case "modified":
      return modifiedMs(a) - modifiedMs(b);
  }
}

/** The values that a filter can choose from. */
export const choices = (
  functions: readonly FunctionConfiguration[],
  of: (one: FunctionConfiguration) => string | undefined,
): string[] => [...new Set(functions.flatMap((one) => of(one) ?? []))].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
