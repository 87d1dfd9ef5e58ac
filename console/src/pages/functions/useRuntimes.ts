import type { SelectProps } from "@cloudscape-design/components/select";
import { type Family, RUNTIMES } from "./runtimes";

interface Choice {
  /** Of a family; of all for null. */
  options: (family: Family | null) => SelectProps.Option[];
  /** What is proposed. */
  first: (family: Family | null) => string;
}

/** The runtimes that can be chosen, those that the server can run before the others. */
export function useRuntimes(): Choice {
  const of = (family: Family | null) => RUNTIMES.filter((one) => family === null || one.family === family);
  return {
    options: (family) => of(family).map(({ id, text }) => ({ value: id, label: text })),
    first: (family) => of(family)[0]?.id ?? "",
  };
}
